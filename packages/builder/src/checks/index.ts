/** Build checks: findings about a Dockerfile, without building it or beside a build. @module */
export { type BuildChecks, type BuildChecksOptions, checkFacts, startBuildChecks } from './build-checks.ts';
export { checkDockerfile, type CheckedDockerfile, type CheckFacts } from './check-dockerfile.ts';
export { KnownImages } from './known-images.ts';
export { planFailure } from './plan-failure.ts';

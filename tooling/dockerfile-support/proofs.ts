/** Folders and tests that many rows name as their proof, from the repository's root. */
export const PARSER = 'packages/dockerfile-parser/src';
export const BUILDER = 'packages/builder/src';
export const CLI = 'apps/cli/src';
export const WIRING = 'packages/wiring/src';
export const ERRORS = `${CLI}/commands/error-texts.test.ts`;
export const PARSE = `${PARSER}/parse.test.ts`;
export const EXPAND = `${PARSER}/expand.test.ts`;
export const MOUNT = `${PARSER}/mount.test.ts`;
export const VALUES = `${PARSER}/values.test.ts`;
export const IGNORE = `${PARSER}/ignore-matcher.test.ts`;
export const LINT = `${PARSER}/lint/lint.test.ts`;
export const CHECK = `${CLI}/commands/check.test.ts`;
export const BUILD_CHECKS = 'tooling/e2e/build-checks.e2e.ts';
export const CREDENTIALS = 'tooling/e2e/source-credentials.e2e.ts';
export const MULTI_PLATFORM = 'tooling/e2e/multi-platform.e2e.ts';

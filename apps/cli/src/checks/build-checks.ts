import type { BuildOptions, DockerfileSource } from '@shale/builder';
import { hostPlatform, type Platform, type ProgressListener } from '@shale/core';
import { checkArgument } from './check-argument.ts';
import type { CheckedDockerfile, CheckFacts } from './check-dockerfile.ts';
import { KnownImages } from './known-images.ts';

export interface BuildChecksOptions {
  /** None for this machine's. */
  readonly platforms: readonly Platform[];
  readonly onProgress: ProgressListener;
}

/** The build checks beside a build: they are loaded and run while it waits for other things, and told at its end. */
export interface BuildChecks {
  /** The build's options, so that the checks see its base images and can end it. */
  readonly options: BuildOptions;
  /** Tells the findings, once. */
  readonly tell: () => Promise<void>;
}

export function startBuildChecks(build: BuildOptions, { platforms, onProgress }: BuildChecksOptions): BuildChecks {
  const images = new KnownImages();
  const facts = factsOf(build, { platforms, images });
  // Not before the build waits for something itself.
  const loading = new Promise((resolve) => setImmediate(resolve)).then(() => import('./check-dockerfile.ts'));
  let running: Promise<CheckedDockerfile> | undefined;
  return {
    options: {
      ...build,
      images: build.images.map((source) => images.notedFrom(source)),
      beforeSteps() {
        running = loading.then(({ checkDockerfile }) => checkDockerfile(build.dockerfile, facts));
        running.catch(() => undefined); // whoever awaits it is told
        return mayEndBuild(build.dockerfile, facts) ? endOnViolation(running) : undefined;
      },
    },
    async tell() {
      const { findings } = (await running) ?? { findings: [] };
      running = undefined;
      for (const { range, ...finding } of findings) {
        const place = { file: build.dockerfile.name, line: range.startLine, endLine: range.endLine };
        onProgress({ type: 'lint.finding', ...finding, place });
      }
    },
  };
}

/** What build checks may know of a build. */
export function factsOf(
  { target, buildArgs = {}, namedContexts = new Map(), context }: BuildOptions,
  { platforms, images }: Pick<BuildChecksOptions, 'platforms'> & Pick<CheckFacts, 'images'>,
): CheckFacts {
  const { ignores } = context.files;
  return {
    target,
    buildArgs,
    namedContexts,
    images,
    ignores,
    platforms: platforms.length === 0 ? [hostPlatform()] : platforms,
  };
}

async function endOnViolation(checked: Promise<CheckedDockerfile>): Promise<void> {
  const { violation } = await checked;
  if (violation !== undefined) throw violation;
}

/** Only what a directive asks for can end a build: without one, nothing has to wait. */
function mayEndBuild({ text }: DockerfileSource, { buildArgs }: CheckFacts): boolean {
  return checkArgument(buildArgs) !== undefined || /^\s*#\s*check\s*=/im.test(text);
}

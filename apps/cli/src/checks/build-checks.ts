import type { BuildOptions, DockerfileSource } from '@shale/builder';
import { hostPlatform, messageOf, type Platform, type ProgressListener } from '@shale/core';
import { checkArgument } from './check-argument.ts';
import type { CheckedDockerfile, CheckFacts } from './check-dockerfile.ts';
import { KnownImages } from './known-images.ts';

export interface BuildChecksOptions {
  /** None for this machine's. */
  readonly platforms: readonly Platform[];
  readonly onProgress: ProgressListener;
  /** Whether somebody sees the findings. If not, only checks that may end the build are run. */
  readonly isTold: boolean;
}

/** The build checks beside a build: they are loaded and run while it waits for other things, and told at its end. */
export interface BuildChecks {
  /** The build's options, so that the checks see its base images and can end it. */
  readonly options: BuildOptions;
  /** Tells the findings, once. Never fails. */
  readonly tell: () => Promise<void>;
}

export function startBuildChecks(
  build: BuildOptions,
  { platforms, onProgress, isTold }: BuildChecksOptions,
): BuildChecks {
  const images = new KnownImages();
  const facts = factsOf(build, { platforms, images });
  if (!isTold && !mayEndBuild(build.dockerfile, facts)) return { options: build, tell: () => Promise.resolve() };
  // Not before the build waits for something itself.
  const loading = new Promise((resolve) => setImmediate(resolve)).then(() => import('./check-dockerfile.ts'));
  let running: Promise<CheckedDockerfile> | undefined;
  const endBuild = async (checked: Promise<CheckedDockerfile>) => {
    const { violation } = await checked.catch((error: unknown) => {
      running = undefined; // all there is to tell
      throw error;
    });
    if (violation !== undefined) throw violation;
  };
  return {
    options: {
      ...build,
      images: build.images.map((source) => images.notedFrom(source)),
      beforeSteps() {
        const checked = loading.then(({ checkDockerfile }) => checkDockerfile(build.dockerfile, facts));
        checked.catch(() => undefined); // whoever awaits it is told
        running = checked;
        return mayEndBuild(build.dockerfile, facts) ? endBuild(checked) : undefined;
      },
    },
    async tell() {
      const checked = running;
      running = undefined;
      const { findings } = (await checked?.catch(passOver(onProgress))) ?? { findings: [] };
      for (const { range, ...finding } of findings) {
        const place = { file: build.dockerfile.name, line: range.startLine, endLine: range.endLine };
        onProgress({ type: 'lint.finding', ...finding, place });
      }
    },
  };
}

/** A build that got this far does not fail for what only comments on it. */
function passOver(onProgress: ProgressListener): (error: unknown) => undefined {
  return (error) => {
    const message = `The build checks could not be run: ${messageOf(error)}`;
    onProgress({ type: 'warning', code: 'checks-not-run', message });
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

/** Only what a directive asks for can end a build: without one, nothing has to wait. */
function mayEndBuild({ text }: DockerfileSource, { buildArgs }: CheckFacts): boolean {
  return checkArgument(buildArgs) !== undefined || /^\s*#\s*check\s*=/im.test(text);
}

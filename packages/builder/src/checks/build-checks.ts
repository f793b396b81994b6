import type { BuildOptions } from '../build/build-options.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import { hostPlatform, messageOf, type Platform, type ProgressListener } from '@shale/core';
import { checkArgument } from './check-argument.ts';
import { checkDockerfile, type CheckedDockerfile, type CheckFacts, loadChecks } from './check-dockerfile.ts';
import { KnownImages } from './known-images.ts';

/** The options of a build that its checks read. */
type CheckedBuild = Pick<BuildOptions, 'target' | 'buildArgs' | 'namedContexts' | 'context'>;

export interface BuildChecksOptions {
  /** Empty for this machine's. */
  readonly platforms: readonly Platform[];
  readonly onProgress: ProgressListener;
  /** Whether anybody sees the findings. If not, the checks run only where they may end the build. */
  readonly isShown: boolean;
}

/** Build checks that run beside a build, while it waits for other things, and report at its end. */
export interface BuildChecks {
  /** Options that replace those of the build: with them the checks see its base images and can end it. */
  readonly options: Pick<BuildOptions, 'images' | 'beforeSteps'>;
  /** Reports the findings, once. Never fails. */
  readonly report: () => Promise<void>;
}

export function startBuildChecks(
  build: CheckedBuild & Pick<BuildOptions, 'dockerfile' | 'images'>,
  { platforms, onProgress, isShown }: BuildChecksOptions,
): BuildChecks {
  const images = new KnownImages();
  const facts = checkFacts(build, { platforms, images });
  if (!isShown && !mayEndBuild(build.dockerfile, facts))
    return { options: { images: build.images }, report: () => Promise.resolve() };
  // Not before the build waits for something itself.
  const loading = new Promise((resolve) => setImmediate(resolve)).then(loadChecks);
  let running: Promise<CheckedDockerfile> | undefined;
  const endBuild = async (checked: Promise<CheckedDockerfile>) => {
    const { violation } = await checked.catch((error: unknown) => {
      running = undefined; // this error is all there is to report
      throw error;
    });
    if (violation !== undefined) throw violation;
  };
  return {
    options: {
      images: build.images.map((source) => images.notedFrom(source)),
      beforeSteps() {
        const checked = loading.then(() => checkDockerfile(build.dockerfile, facts));
        checked.catch(() => undefined); // whoever awaits it gets the error
        running = checked;
        return mayEndBuild(build.dockerfile, facts) ? endBuild(checked) : undefined;
      },
    },
    async report() {
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

/** A build that is done does not fail because its checks could not run. */
function passOver(onProgress: ProgressListener): (error: unknown) => undefined {
  return (error) => {
    const message = `The build checks could not be run: ${messageOf(error)}`;
    onProgress({ type: 'warning', code: 'checks-not-run', message });
  };
}

/** The facts of a build that its checks use. */
export function checkFacts(
  { target, buildArgs = {}, namedContexts = new Map(), context }: CheckedBuild,
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

/** Only a directive makes findings end a build: without one, the build does not wait for its checks. */
function mayEndBuild({ text }: DockerfileSource, { buildArgs }: CheckFacts): boolean {
  return checkArgument(buildArgs) !== undefined || /^\s*#\s*check\s*=/im.test(text);
}

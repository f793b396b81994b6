import { rmSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { BuildFailedError, buildFailure, isBuildFailure, NoFallbackError } from '../errors/build-failure.ts';
import type { BuiltWorkspaceImage } from '../images/images.ts';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import type { FoundSource } from '../source/build-source.ts';
import { fallbackSource } from '../source/fallback-source.ts';
import { requireSource } from '../source/find-source.ts';
import { type Checkout, cloneForTheBuild } from './clone.ts';

/** The image to start. */
export interface BuiltImage {
  readonly found: FoundSource;
  readonly image: BuiltWorkspaceImage;
  /** Why this is the fallback image; `undefined` if it is not. */
  readonly fallbackReason: string | undefined;
}

/** Builds what the repository describes, else the fallback image. @throws {ShaleError} with envbuilder's words */
export async function buildOrFallBack(run: WorkspaceRun, { failure }: Checkout): Promise<BuiltImage> {
  const { log, paths, sources } = run.host;
  const { fallbackImage, exitOnBuildFailure } = run.options;
  try {
    if (failure !== undefined) throw failure;
    const repository = await buildDirectory(run);
    const found = await requireSource({ options: run.options, sources, repository });
    return { found, image: await buildImage(run, found), fallbackReason: undefined };
  } catch (error) {
    run.signal?.throwIfAborted();
    if (!isBuildFailure(error) || (exitOnBuildFailure && error instanceof BuildFailedError)) throw error;
    if (fallbackImage === undefined) throw new NoFallbackError(error);
    if (failure === undefined) {
      log('error', `Failed to build: ${error.message}`);
      log('error', 'Falling back to the default image...');
    }
    const found = fallbackSource(fallbackImage, paths);
    return { found, image: await buildImage(run, found), fallbackReason: error.message };
  }
}

async function buildDirectory(run: WorkspaceRun): Promise<string> {
  const { remoteRepoBuildMode, gitUrl } = run.options;
  if (!remoteRepoBuildMode || gitUrl === undefined) return run.folder;
  const { remoteRepository } = run.host.paths;
  run.host.log('info', '🏗️ Remote repo build mode enabled: the image is built from a fresh clone');
  rmSync(remoteRepository, { recursive: true, force: true });
  await cloneForTheBuild(run, remoteRepository);
  return remoteRepository;
}

async function buildImage({ host, stages, signal }: WorkspaceRun, { plan }: FoundSource): Promise<BuiltWorkspaceImage> {
  const done = stages.start('🏗️ Building image...');
  try {
    const image = await host.images.build(plan, { signal });
    done('🏗️ Built image!');
    return image;
  } catch (error) {
    throw isBuildFailure(error) ? buildFailure(error) : error;
  }
}

/** Logs a failure, and throws it if EXIT_ON_PUSH_FAILURE is set. @throws {BuildFailedError} */
export async function pushImage(
  { options, host, stages, signal }: WorkspaceRun,
  image: BuiltWorkspaceImage,
): Promise<void> {
  const done = stages.start('🏗️ Pushing image...');
  try {
    done(`🏗️ Pushed image ${await host.images.push(image, { signal })}!`);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ShaleError)) throw error;
    const message = `do push: failed to push to destination ${options.cacheRepo}: ${error.message}`;
    if (options.exitOnPushFailure) throw new BuildFailedError(error, message);
    host.log('error', `⚠️️ Failed to push image! ${message}`);
  }
}

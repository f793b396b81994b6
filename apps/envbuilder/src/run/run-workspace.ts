import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type CallOptions, messageOf } from '@shale/core';
import { type Handover, keepUrlCredentials } from '@shale/workspace';
import { prepareHandover } from '../handover/prepare-handover.ts';
import type { BuiltWorkspaceImage } from '../images/images.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { WorkspaceHost } from '../session/workspace-host.ts';
import { openRun, type WorkspaceRun } from '../session/workspace-run.ts';
import type { FoundSource } from '../source/build-source.ts';
import { findSource } from '../source/find-source.ts';
import { formatImageFile, readImageFile, type StartConfig } from '../state/image-file.ts';
import { buildOrFallBack, pushImage } from './build-image.ts';
import { checkOptions } from './check-options.ts';
import { type Checkout, cloneWorkspace } from './clone.ts';

/** The environment to start, in the finished root. */
interface Prepared extends Pick<FoundSource, 'environment' | 'lifecycle'> {
  readonly start: StartConfig;
  readonly fallbackReason?: string | undefined;
}

/**
 * Clones, builds, replaces the root by the built tree, and prepares init.
 * @returns what this process becomes
 * @throws {ShaleError} with envbuilder's words
 */
export async function runWorkspace(
  options: WorkspaceOptions,
  host: WorkspaceHost,
  { signal }: CallOptions = {},
): Promise<Handover> {
  const run = openRun(options, host, { signal });
  const { paths, log, version } = host;
  log('info', `envbuilder (shale ${version}) - Build development environments from repositories in a container`);
  checkOptions(run);
  const isFirstStart = !existsSync(paths.built);
  const pushed = readImageFile(paths.image);
  const isFolderNew = !existsSync(run.folder);
  const checkout = await cloneWorkspace(run);
  const prepared = pushed === undefined ? await prepare(run, checkout, isFirstStart) : await resume(run, pushed);
  if (checkout.cloned) keepUrlCredentials(run.folder, options.gitUrl ?? '');
  const handover = await prepareHandover(run, {
    ...prepared,
    isCloned: checkout.cloned,
    isFolderNew,
    isFirstStart,
  });
  writeFileSync(paths.built, '');
  return handover;
}

/** Builds nothing, in a container of a pushed image. */
async function resume(run: WorkspaceRun, start: StartConfig): Promise<Prepared> {
  const { log } = run.host;
  log('info', 'Running from a pushed image: nothing is built');
  const found = await sourceOf(run).catch((error: unknown) => {
    log('warn', `The description in the repository cannot be read: ${messageOf(error)}`);
    return undefined;
  });
  return { ...found, start: { ...start, user: found?.user ?? start.user } };
}

async function prepare(run: WorkspaceRun, checkout: Checkout, isFirstStart: boolean): Promise<Prepared> {
  const { options, host } = run;
  const { paths, log } = host;
  const built = options.skipRebuild && !isFirstStart ? readImageFile(paths.builtConfig) : undefined;
  if (built !== undefined) {
    log('info', 'Skipping build because of cache...');
    const found = await sourceOf(run).catch(() => undefined);
    return { ...found, start: built };
  }
  const { image, found, fallbackReason } = await buildOrFallBack(run, checkout);
  if (options.pushImage && fallbackReason === undefined) await pushImage(run, image);
  await becomeImage(run, image);
  const start = { ...image.start, user: found.user ?? image.start.user };
  writeFileSync(paths.builtConfig, formatImageFile(start));
  rmSync(paths.fallbackReason, { force: true });
  if (fallbackReason !== undefined) writeFileSync(paths.fallbackReason, `${fallbackReason}\n`);
  return { ...found, start, fallbackReason };
}

async function sourceOf({ options, host, folder }: WorkspaceRun): Promise<FoundSource | undefined> {
  return findSource({ options, sources: host.sources, repository: folder });
}

async function becomeImage({ options, host, stages, folder, signal }: WorkspaceRun, image: BuiltWorkspaceImage) {
  const { rootReplacement, paths } = host;
  const done = stages.start('📂 Replacing the root file system...');
  mkdirSync(folder, { recursive: true });
  await using tree = await image.openTree({ signal });
  const { ignorePaths, layerCacheDir, baseImageCacheDir } = options;
  const keep = [paths.directory, folder, '/etc/resolv.conf', ...ignorePaths, layerCacheDir, baseImageCacheDir];
  await rootReplacement.replaceRoot({
    tree: tree.path,
    keep: keep.filter((path) => path !== undefined),
    signal,
  });
  done('📂 Replaced the root file system!');
}

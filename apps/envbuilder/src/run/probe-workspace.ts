import { rmSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { WorkspaceHost } from '../session/workspace-host.ts';
import { openRun } from '../session/workspace-run.ts';
import { requireSource } from '../source/find-source.ts';
import { checkOptions } from './check-options.ts';
import { cloneForTheBuild } from './clone.ts';

/** Checks that the image is cached and pushed, and changes nothing. @returns `REPO@DIGEST` */
export async function probeWorkspace(
  options: WorkspaceOptions,
  host: WorkspaceHost,
  { signal }: CallOptions = {},
): Promise<string> {
  const run = openRun(options, host, { signal });
  const { images, log, paths, sources } = host;
  checkOptions(run);
  rmSync(paths.remoteRepository, { recursive: true, force: true });
  if (options.gitUrl !== undefined) await cloneForTheBuild(run, paths.remoteRepository);
  const repository = options.gitUrl === undefined ? run.folder : paths.remoteRepository;
  const { plan } = await requireSource({ options, sources, repository });
  const done = run.stages.start('🏗️ Checking for cached image...');
  try {
    const image = await images.probe(plan, { signal });
    done('🏗️ Found cached image!');
    return image;
  } catch (error) {
    log('debug', String(error));
    throw error;
  }
}

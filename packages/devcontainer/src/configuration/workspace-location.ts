import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { DevcontainerConfiguration } from './configuration.ts';

export interface WorkspaceLocation {
  /** In the container. */
  readonly workspaceFolder?: string | undefined;
  /** As `docker run --mount` takes it; absent with compose. */
  readonly workspaceMount?: string | undefined;
}

/**
 * Where the workspace is in the container, and the mount that brings it there, unless the configuration says.
 * @param localFolder The folder with the configuration.
 * @param mountedFolder What is mounted: the folder, or the root of its git repository.
 */
export function workspaceLocation(
  configuration: DevcontainerConfiguration,
  localFolder: string,
  mountedFolder: string,
): WorkspaceLocation {
  if ('dockerComposeFile' in configuration) return { workspaceFolder: configuration.workspaceFolder || '/' };
  const target = join('/workspaces', basename(mountedFolder));
  return {
    workspaceFolder: configuration.workspaceFolder || join(target, relative(mountedFolder, localFolder)),
    workspaceMount:
      'workspaceMount' in configuration
        ? configuration.workspaceMount
        : `type=bind,${field('source', mountedFolder)},${field('target', target)}`,
  };
}

/** A comma ends a field unless it is quoted. */
function field(name: string, value: string): string {
  return value.includes(',') ? `"${name}=${value}"` : `${name}=${value}`;
}

/** The nearest folder with a `.git`, from the given one upwards. */
export async function findGitRoot(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if (await stat(join(at, '.git')).catch(() => undefined)) return at;
    if (at === dirname(at)) return undefined;
  }
}

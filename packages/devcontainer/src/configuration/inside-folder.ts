import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';

/**
 * Resolves a path of a configuration, and refuses one that leads out of the folder, by `..` or by a link.
 * @param from The folder that a relative path starts in.
 * @returns The absolute path; a file that is missing is for the caller to report.
 * @throws {DevcontainerInvalidError}
 */
export async function insideFolder(folder: string, from: string, path: string): Promise<string> {
  const target = resolve(from, path);
  const refuse = () => new DevcontainerInvalidError(`${JSON.stringify(path)} leads out of ${folder}`);
  if (leavesFolder(resolve(folder), target)) throw refuse();
  const [realFolder, realTarget] = await Promise.all([realpath(folder), realpath(target).catch(undefinedIfMissing)]);
  if (realTarget !== undefined && leavesFolder(realFolder, realTarget)) throw refuse();
  return target;
}

function leavesFolder(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith('../') || isAbsolute(way);
}

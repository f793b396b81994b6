import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { hostPath } from '@shale/core/archive';
import { resolveInTree } from './scoped-path.ts';

export interface DirectoryMetadata {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** A file stands where a directory is needed, or the other way round. */
export class PathConflictError extends ShaleError {
  readonly code = 'STEP_FAILED';
}

/**
 * Makes what is missing of a path in a tree, with this owner and mode, and says where it is on the host. What is there
 * stays as it is. Symlinks on the way lead within the tree.
 * @throws {PathConflictError}
 */
export function makeDirectoryInTree(tree: string, path: string, metadata: DirectoryMetadata): string {
  const { existing, missing } = resolveInTree(tree, path);
  if (!lstatSync(hostPath(existing)).isDirectory()) {
    throw new PathConflictError(`cannot create directory ${path}: ${shownPath(tree, existing)} is not a directory`);
  }
  return makeDirectories(existing, missing, metadata);
}

/** Makes one directory in the other, and says where the last one is. */
export function makeDirectories(
  existing: string,
  names: readonly string[],
  { uid, gid, mode }: DirectoryMetadata,
): string {
  let host = existing;
  for (const name of names) {
    host = `${host}/${name}`;
    mkdirSync(hostPath(host), { mode });
    if (uid !== 0 || gid !== 0) chownSync(hostPath(host), uid, gid);
    chmodSync(hostPath(host), mode); // whatever the umask
  }
  return host;
}

/** A path of the host as a process in the tree would see it. */
export function shownPath(tree: string, host: string): string {
  return host.slice(tree.length) || '/';
}

import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { hostPath, ShaleError } from '@shale/core';
import { resolveInTree } from '../isolation/scoped-path.ts';

export interface DirectoryMetadata {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** A file stands where a directory is needed, or the other way round. */
export class PathConflictError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

/** Makes what is missing of a path in a tree, with this owner and mode, and says where it is on the host. What is there stays as it is. */
export function makeDirectoryInTree(tree: string, path: string, { uid, gid, mode }: DirectoryMetadata): string {
  const { existing, missing } = resolveInTree(tree, path);
  if (!lstatSync(hostPath(existing)).isDirectory()) {
    throw new PathConflictError(
      `cannot create directory "${path}": ${existing.slice(tree.length) || '/'} is not a directory`,
    );
  }
  let host = existing;
  for (const name of missing) {
    host = `${host}/${name}`;
    mkdirSync(hostPath(host), { mode });
    chmodSync(hostPath(host), mode); // whatever the umask
    if (uid !== 0 || gid !== 0) chownSync(hostPath(host), uid, gid);
  }
  return host;
}

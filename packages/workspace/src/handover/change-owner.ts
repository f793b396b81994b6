import { lchownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Changes the owner of a tree. Links are not followed. Files that vanish meanwhile are skipped. */
export function changeOwner(root: string, owner: Owner): void {
  const stats = lstat(root);
  if (stats === undefined) return;
  if (!isOwnedBy(stats, owner)) tolerant(() => lchownSync(root, owner.uid, owner.gid));
  if (!stats.isDirectory()) return;
  for (const name of tolerant(() => readdirSync(root)) ?? []) changeOwner(join(root, name), owner);
}

/** Does the same only if the root of the tree has another owner, so that a second call costs nothing. */
export function changeOwnerOnce(root: string, owner: Owner): boolean {
  const stats = lstat(root);
  if (stats === undefined || isOwnedBy(stats, owner)) return false;
  for (const name of stats.isDirectory() ? (tolerant(() => readdirSync(root)) ?? []) : [])
    changeOwner(join(root, name), owner);
  lchownSync(root, owner.uid, owner.gid); // last, so that an interrupted walk starts again
  return true;
}

const isOwnedBy = ({ uid, gid }: Stats, owner: Owner) => uid === owner.uid && gid === owner.gid;

function lstat(path: string): Stats | undefined {
  return tolerant(() => lstatSync(path, { throwIfNoEntry: false }));
}

/** A mount in the tree may be read-only, and files may vanish meanwhile. */
function tolerant<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EROFS', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

import { lchownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Gives a tree to somebody: links themselves, not what they point at. What goes while it looks is passed over. */
export function changeOwner(root: string, owner: Owner): void {
  const stats = lstat(root);
  if (stats === undefined) return;
  if (!isOwnedBy(stats, owner)) tolerant(() => lchownSync(root, owner.uid, owner.gid));
  if (!stats.isDirectory()) return;
  for (const name of tolerant(() => readdirSync(root)) ?? []) changeOwner(join(root, name), owner);
}

/** The same where the top is not theirs yet: a home that was given once is not walked on each start. */
export function changeOwnerOnce(root: string, owner: Owner): boolean {
  const stats = lstat(root);
  if (stats === undefined || isOwnedBy(stats, owner)) return false;
  for (const name of stats.isDirectory() ? (tolerant(() => readdirSync(root)) ?? []) : [])
    changeOwner(join(root, name), owner);
  lchownSync(root, owner.uid, owner.gid); // last: a walk that was cut short is begun again
  return true;
}

const isOwnedBy = ({ uid, gid }: Stats, owner: Owner) => uid === owner.uid && gid === owner.gid;

function lstat(path: string): Stats | undefined {
  return tolerant(() => lstatSync(path, { throwIfNoEntry: false }));
}

/** A mount below may be read-only, and others may remove files meanwhile. */
function tolerant<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EROFS', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

import type { BigIntStats } from 'node:fs';
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { deviceNumbers, fileSystemCalls, hostPath, isKeptXattr, readNames } from '@shale/core/archive';
import { exactStats, setTime } from '../tree/exact-time.ts';

/** Files of several names that were copied, by device and inode: where the first of the names went. */
export type MovedLinks = Map<string, string>;

/** Besides another file system: part of a directory was moved before this process's forerunner was killed. */
const MOVED_BY_PARTS: ReadonlySet<string> = new Set(['EXDEV', 'ENOTEMPTY', 'EEXIST']);

/**
 * Moves a file or a whole tree to a path that is free. A rename where the file system allows one: overlayfs renames no
 * directory of its lower layers, so of those the entries are moved, and another file system gets a copy.
 */
export function moveNode(from: string, to: string, links: MovedLinks = new Map()): void {
  try {
    renameSync(hostPath(from), hostPath(to));
  } catch (error) {
    if (!MOVED_BY_PARTS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    moveByParts(from, to, links);
  }
}

function moveByParts(from: string, to: string, links: MovedLinks): void {
  const stats = exactStats(from);
  if (!stats.isDirectory()) {
    copyNode(from, to, stats, links);
    return unlinkSync(hostPath(from));
  }
  mkdirSync(hostPath(to), { mode: 0o700, recursive: true });
  for (const name of readNames(from)) moveNode(`${from}/${name}`, `${to}/${name}`, links);
  copyMetadata(from, to, stats);
  return rmdirSync(hostPath(from));
}

function copyNode(from: string, to: string, stats: BigIntStats, links: MovedLinks): void {
  rmSync(hostPath(to), { force: true });
  if (stats.isSocket()) return; // whoever listened to it is gone
  const first = links.get(keyOf(stats));
  if (stats.nlink === 1n) links.delete(keyOf(stats)); // the last of its names: the number is free afterwards
  if (first !== undefined) return linkSync(hostPath(first), hostPath(to));
  if (stats.isSymbolicLink()) symlinkSync(readlinkSync(hostPath(from), 'buffer'), hostPath(to));
  else if (stats.isFile())
    copyFileSync(hostPath(from), hostPath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else fileSystemCalls().makeNode(hostPath(to), Number(stats.mode), ...deviceNumbers(stats.rdev));
  if (stats.nlink > 1n) links.set(keyOf(stats), to);
  copyMetadata(from, to, stats);
}

const keyOf = ({ dev, ino }: BigIntStats) => `${dev}:${ino}`;

/** Owner, attributes, mode and time, in the order in which none undoes another. */
function copyMetadata(from: string, to: string, stats: BigIntStats): void {
  lchownSync(hostPath(to), Number(stats.uid), Number(stats.gid));
  for (const [name, value] of fileSystemCalls().getXattrs(hostPath(from))) {
    if (isKeptXattr(name)) fileSystemCalls().setXattr(hostPath(to), name, value);
  }
  if (!stats.isSymbolicLink()) chmodSync(hostPath(to), Number(stats.mode) & 0o7777);
  setTime(to, stats);
}

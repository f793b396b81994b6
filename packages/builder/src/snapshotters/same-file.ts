import type { BigIntStats } from 'node:fs';
import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import type { FileSystemCalls } from '@shale/core/archive';
import { fileSystemCalls, hostPath, keptXattrs } from '@shale/core/archive';

/** Whether two files, or two directories apart from what is in them, are the same in all that a layer says of them. */
export function isSameFile(a: string, b: string, aStats: BigIntStats, bStats: BigIntStats): boolean {
  if (!hasSameMetadata(aStats, bStats)) return false;
  if (aStats.isSymbolicLink()) return readLink(a).equals(readLink(b));
  if (!hasSameXattrs(a, b)) return false;
  return !aStats.isFile() || aStats.size === 0n || hasSameContent(a, b);
}

function hasSameMetadata(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtimeNs === b.mtimeNs &&
    a.rdev === b.rdev &&
    (a.isDirectory() || a.size === b.size)
  );
}

const readLink = (path: string) => readlinkSync(hostPath(path), 'buffer');

type Xattrs = ReadonlyMap<string, Uint8Array>;

function hasSameXattrs(a: string, b: string): boolean {
  const calls = fileSystemCalls();
  return isSameXattrs(imageXattrs(calls, hostPath(a)), imageXattrs(calls, hostPath(b)));
}

export function isSameXattrs(a: Xattrs, b: Xattrs): boolean {
  return a.size === b.size && [...a].every(([name, value]) => isEqual(value, b.get(name)));
}

/** A file's attributes that a layer has, and not those that overlayfs or the host's security module keep there. */
export function imageXattrs(calls: FileSystemCalls, path: string | Buffer): Xattrs {
  const found = calls.getXattrs(path);
  return found.size === 0 ? found : new Map(keptXattrs(found));
}

const isEqual = (a: Uint8Array, b: Uint8Array | undefined) => b !== undefined && Buffer.compare(a, b) === 0;

const CHUNK_BYTES = 256 * 1024;
const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const;

function hasSameContent(a: string, b: string): boolean {
  const [one, other] = [openToRead(a), openToRead(b)];
  try {
    for (;;) {
      const bytes = readSync(one, buffers[0]);
      if (bytes !== readSync(other, buffers[1])) return false;
      if (bytes === 0) return true;
      if (buffers[0].compare(buffers[1], 0, bytes, 0, bytes) !== 0) return false;
    }
  } finally {
    closeSync(one);
    closeSync(other);
  }
}

function openToRead(path: string): number {
  return openSync(hostPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
}

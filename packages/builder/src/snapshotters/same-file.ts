import type { BigIntStats } from 'node:fs';
import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import { fileSystemCalls, hostPath } from '@shale/core';

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

function hasSameXattrs(a: string, b: string): boolean {
  const [one, other] = [imageXattrs(a), imageXattrs(b)];
  return one.size === other.size && [...one].every(([name, value]) => isEqual(value, other.get(name)));
}

/** Without those that overlayfs keeps for itself. */
function imageXattrs(path: string): ReadonlyMap<string, Uint8Array> {
  const found = fileSystemCalls().getXattrs(hostPath(path));
  if (found.size === 0) return found;
  return new Map([...found].filter(([name]) => !/^(?:trusted|user)\.overlay\./.test(name)));
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

import { lstatSync } from 'node:fs';
import { hostPath } from '@shale/core/archive';
import { readEntries } from './directory-entries.ts';

const BLOCK_BYTES = 512;

/** What a tree takes on the disk, in bytes. Files of several names count once. */
export function diskUsage(root: string): number {
  const seen = new Set<number>();
  const pending = [root];
  let bytes = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const { name, isDirectory } of readEntries(path)) {
      const child = `${path}/${name}`;
      const { blocks, ino, nlink } = lstatSync(hostPath(child));
      if (isDirectory) pending.push(child);
      if (nlink > 1 && !isDirectory && seen.has(ino)) continue;
      if (nlink > 1) seen.add(ino);
      bytes += blocks * BLOCK_BYTES;
    }
  }
  return bytes;
}

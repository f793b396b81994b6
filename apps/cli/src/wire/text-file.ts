import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ARCHIVE_HEAD_BYTES, looksLikeArchive } from '@shale/core/archive';

/** Whether a path names a file that is no archive. */
export function isTextFile(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(ARCHIVE_HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return !looksLikeArchive(head.subarray(0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

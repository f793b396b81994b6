import { closeSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import { hostPath } from '@shale/core';

/** A tree that COPY reads: a build context, or the file system of a stage. Paths in it are relative, with `/`. */
export interface SourceTree {
  readonly root: string;
  ignores(path: string): boolean;
  /** Whether something below an ignored directory may be taken in again. */
  mayReinclude(directory: string): boolean;
  /** The sha256 of a file's content, in hex. */
  hashFile(host: string, stats: Stats): string;
}

/** A tree in which nothing is ignored. */
export function plainTree(root: string): SourceTree {
  return { root, ignores: () => false, mayReinclude: () => true, hashFile: (host) => hashContent(host) };
}

const buffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** Reads through one reused buffer: for many small files a stream each would cost more than the reading. */
export function hashContent(host: string): string {
  const hash = createHash('sha256');
  const fd = openSync(hostPath(host), 'r');
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

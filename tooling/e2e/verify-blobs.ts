import { createHash } from 'node:crypto';
import { createReadStream, globSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The blobs below a directory whose digest differs from their name. */
export async function findCorruptBlobs(directory: string): Promise<string[]> {
  const blobs = globSync(`${directory}/**/blobs/sha256/*`).filter((path) => /^[0-9a-f]{64}$/.test(basename(path)));
  const corrupt: string[] = [];
  for (const path of blobs) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    if (hash.digest('hex') !== basename(path)) corrupt.push(path);
  }
  return corrupt;
}

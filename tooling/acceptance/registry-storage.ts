import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files in which docker-registry keeps contents, each named for its digest. */
export function storedContents(storage: string): string[] {
  return globSync(join(storage, 'docker/registry/v2/blobs/sha256/*/*/data')).toSorted();
}

/** Changes one bit in the middle of a file. */
export function flipBit(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.byteLength >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, bytes);
}

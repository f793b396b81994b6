import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalBlobStore } from '@shale/core';
import { QUARANTINE_DIRECTORY } from './healing-blobs.ts';
import { shards } from './record-files.ts';

export interface Leftover {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Half-written files of processes that ended, and damaged blobs that were put aside, last changed before `youngestMs`. */
export async function* readLeftovers(
  root: string,
  blobs: LocalBlobStore,
  youngestMs: number,
): AsyncGenerator<Leftover> {
  const directories = [join(blobs.root, 'ingest'), join(blobs.root, QUARANTINE_DIRECTORY), ...(await shards(root))];
  for (const [index, directory] of directories.entries()) {
    for (const name of await readdir(directory).catch(() => [])) {
      if (index >= 2 && !name.endsWith('.tmp')) continue; // a record
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() === true && found.mtimeMs <= youngestMs) yield { path, sizeBytes: found.size };
    }
  }
}

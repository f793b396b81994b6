import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalBlobStore } from '@shale/core';
import { QUARANTINE_DIRECTORY } from '../directory/healing-blobs.ts';
import { FORMAT_DIRECTORY, shards } from '../directory/record-path.ts';
import { LAST_FILE, TRAIL_DIRECTORY } from '../explain/build-trails.ts';

export interface Leftover {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A file that is being written is younger than this, whatever is asked for, in milliseconds. */
const WRITING_MS = 20 * 60_000;
/** Steps that were not built for this long are forgotten, in milliseconds. */
const TRAIL_AGE_MS = 90 * 24 * 3_600_000;

/**
 * Half-written files of processes that ended, damaged blobs that were put aside and trails of steps that are no more,
 * last changed before `youngestMs`.
 */
export async function* readLeftovers(
  root: string,
  blobs: LocalBlobStore,
  youngestMs: number,
): AsyncGenerator<Leftover> {
  const halfMs = Math.min(youngestMs, Date.now() - WRITING_MS);
  const isHalf = (name: string) => name.endsWith('.tmp');
  const places = [
    { directory: join(blobs.root, 'ingest'), isLeftover: () => true },
    ...(await shards(root)).map((directory) => ({ directory, isLeftover: isHalf })),
  ];
  for (const { directory, isLeftover } of places) yield* filesIn(directory, halfMs, isLeftover);
  yield* filesIn(join(blobs.root, QUARANTINE_DIRECTORY), youngestMs, () => true);
  const oldestMs = Math.min(youngestMs, Date.now() - TRAIL_AGE_MS);
  for (const directory of await trails(root)) {
    const last = await stat(join(directory, LAST_FILE)).catch(() => undefined);
    const isForgotten = last === undefined || last.mtimeMs <= oldestMs;
    yield* filesIn(directory, isForgotten ? oldestMs : halfMs, (name) => isForgotten || isHalf(name));
  }
}

async function trails(root: string): Promise<readonly string[]> {
  const directory = join(root, FORMAT_DIRECTORY, TRAIL_DIRECTORY);
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}

async function* filesIn(
  directory: string,
  youngestMs: number,
  isMeant: (name: string) => boolean,
): AsyncGenerator<Leftover> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (!isMeant(name)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true && found.mtimeMs <= youngestMs) yield { path, sizeBytes: found.size };
  }
}

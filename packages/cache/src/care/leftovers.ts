import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LocalBlobStore } from '@shale/core';
import { StoreDirectory } from '@shale/core/files';
import { QUARANTINE_DIRECTORY } from '../directory/healing-blobs.ts';
import { FORMAT_DIRECTORY, shards } from '../directory/record-path.ts';
import { lastUsedMs } from './list-entries.ts';
import { LAST_FILE, TRAIL_DIRECTORY } from '../explain/build-trails.ts';

export interface Leftover {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A younger file may still be written, and is never a leftover, in milliseconds. */
const WRITING_MS = 20 * 60_000;
/** The trail of a step that was not built for this long is a leftover, in milliseconds. */
const TRAIL_AGE_MS = 90 * 24 * 3_600_000;

const ANY = () => true;
const isHalfWritten = (name: string) => name.endsWith('.tmp');

/**
 * Half-written files of processes that ended, damaged blobs in quarantine, and old trails, all last changed before
 * `youngestMs`.
 */
export async function* readLeftovers(
  root: string,
  blobs: LocalBlobStore,
  youngestMs: number,
): AsyncGenerator<Leftover> {
  const halfMs = Math.min(youngestMs, Date.now() - WRITING_MS);
  const store = new StoreDirectory(blobs.root);
  yield* entriesOf(store, ['ingest'], { youngestMs: halfMs, isLeftover: ANY });
  yield* entriesOf(store, [QUARANTINE_DIRECTORY], { youngestMs, isLeftover: ANY });
  const cache = new StoreDirectory(root);
  for (const shard of await shards(root)) {
    const place = [FORMAT_DIRECTORY, basename(shard)];
    yield* entriesOf(cache, place, { youngestMs: halfMs, isLeftover: isHalfWritten });
  }
  const oldestMs = Math.min(youngestMs, Date.now() - TRAIL_AGE_MS);
  const trails = [FORMAT_DIRECTORY, TRAIL_DIRECTORY];
  for (const name of await namesIn(cache, trails)) {
    const last = await lstat(join(root, ...trails, name, LAST_FILE)).catch(() => undefined);
    const isForgotten = last === undefined || lastUsedMs(last) <= oldestMs;
    const wish = isForgotten
      ? { youngestMs: oldestMs, isLeftover: ANY }
      : { youngestMs: halfMs, isLeftover: isHalfWritten };
    yield* entriesOf(cache, [...trails, name], wish);
  }
}

interface LeftoverWish {
  readonly youngestMs: number;
  readonly isLeftover: (name: string) => boolean;
}

/** Yields entries of any type: a store writes only files there, so that anything else does not belong there. */
async function* entriesOf(
  store: StoreDirectory,
  place: readonly string[],
  { youngestMs, isLeftover }: LeftoverWish,
): AsyncGenerator<Leftover> {
  for (const name of await namesIn(store, place)) {
    if (!isLeftover(name)) continue;
    const path = join(store.root, ...place, name);
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && lastUsedMs(found) <= youngestMs) yield { path, sizeBytes: found.size };
  }
}

/** Does not follow symlinks, because what is found is removed. */
async function namesIn(store: StoreDirectory, place: readonly string[]): Promise<readonly string[]> {
  const isThere = await store.has(...place).catch(() => false);
  return isThere ? await readdir(join(store.root, ...place)).catch(() => []) : [];
}

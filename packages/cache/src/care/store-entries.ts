import type { BlobSource, CallOptions, ImageStore } from '@shale/core';
import { ShaleError } from '@shale/core';
import pLimit from 'p-limit';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import { parseCacheRecord } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { parseEntryTag } from '../contract/cache-scope.ts';

/** An entry in a registry or an image layout. */
export interface StoreEntry {
  readonly tag: string;
  readonly key: CacheKey;
  readonly scope: CacheScope;
  readonly stored: StoredRecord;
  readonly blobs: BlobSource;
}

/** Concurrent requests for manifests. */
const CONCURRENCY = 16;
/** The number of tags in one round. */
const ROUND = 256;

/** Every cache entry in a store of images. Tags of anything else are skipped. */
export async function* readStoreEntries(store: ImageStore, options: CallOptions = {}): AsyncGenerator<StoreEntry> {
  const limit = pLimit(CONCURRENCY);
  for await (const tags of rounds(store.listTags(options))) {
    const found = await limit.map(tags, (tag) => readEntry(store, tag, options));
    yield* found.filter((entry) => entry !== undefined);
  }
}

async function readEntry(store: ImageStore, tag: string, options: CallOptions): Promise<StoreEntry | undefined> {
  const named = parseEntryTag(tag);
  if (named === undefined) return undefined;
  try {
    const raw = await store.getManifest(tag, options);
    const parsed = raw && parseCacheRecord(raw);
    if (parsed?.kind !== 'record' || parsed.stored.key !== named.key) return undefined;
    return { tag, ...named, stored: parsed.stored, blobs: store };
  } catch (error) {
    if (error instanceof ShaleError && error.code.endsWith('_INVALID')) return undefined;
    throw error;
  }
}

async function* rounds(tags: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let round: string[] = [];
  for await (const tag of tags) {
    round.push(tag);
    if (round.length < ROUND) continue;
    yield round;
    round = [];
  }
  yield round;
}

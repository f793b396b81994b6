import type { CallOptions, ImageStore } from '@shale/core';
import { ageMs } from '@shale/core/files';
import pLimit from 'p-limit';
import type { CacheRecord } from '../contract/cache-backend.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import { ReferenceCount } from './reference-count.ts';
import type { StoreEntry } from './store-entries.ts';
import { readStoreEntries } from './store-entries.ts';

export interface PruneStoreOptions extends CallOptions {
  /** Removes entries that were made longer ago, in milliseconds: registries record no last use. @default no limit */
  readonly maxAgeMs?: number | undefined;
  /** Removes the oldest entries until the layers of the others take no more than this. @default no limit */
  readonly maxSizeBytes?: number | undefined;
  /** Removes only entries for which this holds; without a limit all of them. @default any */
  readonly filter?: ((entry: StoreEntry) => boolean) | undefined;
  readonly pins?: ReadonlySet<CacheKey> | undefined;
  /** Removes nothing, and returns what would be removed. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface PrunedStoreEntry {
  readonly tag: string;
  readonly key: CacheKey;
  readonly record: CacheRecord;
  /** The size of the layer. The registry's garbage collection frees it when nothing else refers to it. */
  readonly sizeBytes: number;
}

/** Concurrent deletions. */
const CONCURRENCY = 8;

/**
 * Deletes entries from a registry through its API. Layers stay until the registry's garbage collection removes them.
 * @throws the errors of the store: many registries do not allow deletion.
 */
export async function pruneStore(store: ImageStore, options: PruneStoreOptions): Promise<readonly PrunedStoreEntry[]> {
  const { maxAgeMs, maxSizeBytes, filter, dryRun = false, signal } = options;
  if (maxAgeMs === undefined && maxSizeBytes === undefined && filter === undefined) return [];
  const entries: StoreEntry[] = [];
  for await (const entry of readStoreEntries(store, { signal })) entries.push(entry);
  const going = chooseEntries(entries, options);
  const staying = new Set(entries.filter((entry) => !going.has(entry)).map(({ stored }) => stored.raw.digest));
  // deleting a digest removes all its tags
  const pruned = [...going].filter(({ stored }) => !staying.has(stored.raw.digest));
  if (!dryRun) {
    const digests = [...new Set(pruned.map(({ stored }) => stored.raw.digest))];
    await pLimit(CONCURRENCY).map(digests, (digest) => store.deleteManifest(digest, { signal }));
  }
  return pruned.map(({ tag, key, stored: { record, layer } }) => ({
    tag,
    key,
    record,
    sizeBytes: layer.descriptor.size,
  }));
}

function chooseEntries(entries: readonly StoreEntry[], options: PruneStoreOptions): ReadonlySet<StoreEntry> {
  const { maxAgeMs, maxSizeBytes, filter, pins } = options;
  const createdMs = ({ stored }: StoreEntry) => {
    const time = stored.record.created.getTime();
    return Number.isFinite(ageMs(time)) ? time : 0; // an entry from the future is removed first
  };
  const candidates = entries
    .filter((entry) => filter?.(entry) !== false && pins?.has(entry.key) !== true)
    .sort((a, b) => createdMs(a) - createdMs(b));
  if (maxAgeMs === undefined && maxSizeBytes === undefined) return new Set(candidates);
  const oldestMs = Date.now() - (maxAgeMs ?? Number.POSITIVE_INFINITY);
  const going = new Set(candidates.filter((entry) => createdMs(entry) < oldestMs));
  const references = new ReferenceCount();
  let sizeBytes = 0;
  for (const entry of entries) if (!going.has(entry)) sizeBytes += references.add([entry.stored.layer.descriptor]);
  for (const entry of candidates) {
    if (sizeBytes <= (maxSizeBytes ?? Number.POSITIVE_INFINITY)) break;
    if (going.has(entry)) continue;
    going.add(entry);
    sizeBytes -= references.remove([entry.stored.layer.descriptor]).bytes;
  }
  return going;
}

import type { CallOptions, Digest, ImageStore } from '@shale/core';
import type { CacheKey } from './cache-key.ts';
import type { StoreEntry } from './store-entries.ts';
import { readStoreEntries } from './store-entries.ts';

export interface PruneStoreOptions extends CallOptions {
  /** Entries made longer ago go, in milliseconds. A registry knows no last use. @default any, where `filter` says which */
  readonly maxAgeMs?: number | undefined;
  /** Only entries go for which this holds. @default any, where `maxAgeMs` says which */
  readonly filter?: ((entry: StoreEntry) => boolean) | undefined;
  readonly pins?: ReadonlySet<CacheKey> | undefined;
  /** Says what would go. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface PrunedStoreEntry {
  readonly tag: string;
  readonly key: CacheKey;
  readonly created: Date;
  /** Of the layer, which the registry's own collection gives back when nothing else names it. */
  readonly sizeBytes: number;
}

/**
 * Deletes entries from a registry by its API. Layers stay until the registry collects what nothing names.
 * @throws What the store throws: many registries do not allow deletion.
 */
export async function pruneStore(store: ImageStore, options: PruneStoreOptions): Promise<readonly PrunedStoreEntry[]> {
  const { maxAgeMs, filter, pins, dryRun = false, signal } = options;
  if (maxAgeMs === undefined && filter === undefined) return [];
  const oldestMs = maxAgeMs === undefined ? Number.POSITIVE_INFINITY : Date.now() - maxAgeMs;
  const [going, staying] = [new Map<Digest, StoreEntry[]>(), new Set<Digest>()];
  for await (const entry of readStoreEntries(store, { signal })) {
    const { raw, record } = entry.stored;
    const isGoing = record.created.getTime() < oldestMs && filter?.(entry) !== false && pins?.has(entry.key) !== true;
    if (isGoing) going.set(raw.digest, [...(going.get(raw.digest) ?? []), entry]);
    else staying.add(raw.digest);
  }
  const pruned: PrunedStoreEntry[] = [];
  for (const [digest, entries] of going) {
    signal?.throwIfAborted();
    if (staying.has(digest)) continue; // deletion is by digest and takes every tag of it
    if (!dryRun) await store.deleteManifest(digest, { signal });
    for (const { tag, key, stored } of entries) {
      pruned.push({ tag, key, created: stored.record.created, sizeBytes: stored.layer.descriptor.size });
    }
  }
  return pruned;
}

import type { CallOptions } from '@shale/core';
import type { CacheBackend, CacheEntry, LayerlessCache, StoreOptions } from '../contract/cache-backend.ts';
import type { CacheKey } from '../keys/cache-key.ts';

export interface MemoryCacheOptions {
  /** The least recently used entries are dropped first. @default 4096 */
  readonly maxEntries?: number | undefined;
}

/** Remembers entries for the lifetime of the process. Their layers stay where they are. */
export function memoryCache({ maxEntries = 4096 }: MemoryCacheOptions = {}): CacheBackend & LayerlessCache {
  const entries = new Map<CacheKey, CacheEntry>(); // in the order of use
  const use = (key: CacheKey, entry: CacheEntry) => {
    entries.delete(key);
    entries.set(key, entry);
  };
  return {
    name: 'memory',
    isLayerless: true,
    async lookup(key, { signal }: CallOptions = {}) {
      signal?.throwIfAborted();
      const entry = entries.get(key);
      if (entry !== undefined) use(key, entry);
      return entry;
    },
    async store(key, entry, { replace = false, signal }: StoreOptions = {}) {
      signal?.throwIfAborted();
      if (!replace && entries.has(key)) return 'kept';
      use(key, entry);
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
      return 'stored';
    },
  };
}

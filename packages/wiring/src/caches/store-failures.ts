import type { CacheBackend } from '@shale/cache';

/** The same cache, which holds no layers on this machine. Calls `onFailed` for each entry that it did not take. */
export function reportingStoreFailures(cache: CacheBackend, onFailed: (error: unknown) => void): CacheBackend {
  return {
    name: cache.name,
    lookup: (key, options) => cache.lookup(key, options),
    async store(key, entry, options) {
      try {
        return await cache.store(key, entry, options);
      } catch (error) {
        onFailed(error);
        throw error;
      }
    },
  };
}

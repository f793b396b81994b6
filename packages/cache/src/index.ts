export type { CacheBackend, CacheEntry, CacheInput, CacheRecord } from './cache-backend.ts';
export type { CacheKey } from './cache-key.ts';

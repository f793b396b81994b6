export type { CacheBackend, CacheEntry, CacheInput, CacheRecord } from './cache-backend.ts';
export { type CacheKey, cacheKey, type KeyedInputs, type KeyInput } from './cache-key.ts';
export { encodeKeyValue, type KeyValue } from './key-value.ts';

export {
  type CacheBackend,
  type CacheEntry,
  type CacheRecord,
  isLayerless,
  keepsLayers,
  type LayerKeeper,
  type LayerlessCache,
  type StepIdentity,
  type StoreOptions,
  type StoreOutcome,
} from './contract/cache-backend.ts';
export { CacheReadOnlyError, CacheRequiredError } from './contract/cache-error.ts';
export type { CacheEvent, CacheEventListener, UntrustedReason } from './contract/cache-event.ts';
export {
  type CacheScope,
  CacheScopeError,
  entryTag,
  parseEntryTag,
  parseScope,
  UNSCOPED,
} from './contract/cache-scope.ts';
export type { CacheInput } from './keys/cache-input.ts';
export { type CacheKey, cacheKey, type KeyedInputs, type KeyInput } from './keys/cache-key.ts';
export { encodeKeyValue, type KeyValue } from './keys/key-value.ts';
export { type DirCache, dirCache, type DirCacheOptions } from './backends/dir-cache.ts';
export { memoryCache, type MemoryCacheOptions } from './backends/memory-cache.ts';
export { registryCache, type RegistryCacheOptions } from './backends/registry-cache.ts';
export { type TieredCache, tieredCache, type TieredCacheOptions } from './tiers/tiered-cache.ts';
export type { DrainOptions, DrainReport } from './tiers/write-queue.ts';
export type { CacheTrust } from './records/record-policy.ts';
export { keyId, parseSignKey, parseTrustKey, SignatureKeyError } from './records/record-signature.ts';

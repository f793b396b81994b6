export type {
  CacheBackend,
  CacheEntry,
  CacheInput,
  CacheRecord,
  StepIdentity,
  StoreOptions,
  StoreOutcome,
} from './cache-backend.ts';
export { CacheReadOnlyError, CacheRequiredError } from './cache-error.ts';
export type { CacheEvent, CacheEventListener, UntrustedReason } from './cache-event.ts';
export { type CacheKey, cacheKey, type KeyedInputs, type KeyInput } from './cache-key.ts';
export {
  formatCacheRecord,
  type FormattedRecord,
  type FormatRecordOptions,
  parseCacheRecord,
  type ParsedRecord,
  RecordAnnotation,
  type StoredRecord,
} from './cache-record.ts';
export { type CacheScope, CacheScopeError, entryTag, parseEntryTag, parseScope, UNSCOPED } from './cache-scope.ts';
export { type DirCache, dirCache, type DirCacheOptions } from './dir-cache.ts';
export { encodeKeyValue, type KeyValue } from './key-value.ts';
export { memoryCache, type MemoryCacheOptions } from './memory-cache.ts';
export type { CacheTrust } from './record-policy.ts';
export { keyId, parseSignKey, parseTrustKey, SignatureKeyError } from './record-signature.ts';
export { registryCache, type RegistryCacheOptions } from './registry-cache.ts';
export { type TieredCache, tieredCache, type TieredCacheOptions } from './tiered-cache.ts';
export type { DrainOptions, DrainReport } from './write-queue.ts';
export { baseImageCache, type BaseImageCacheEvent, type BaseImageCacheOptions } from './base-image-cache.ts';
export {
  formatWarmedPointer,
  parseWarmedPointer,
  type WarmedPaths,
  warmedPaths,
  type WarmedPointer,
} from './warmed-format.ts';
export { layoutReferences, manifestReferences } from './layout-references.ts';
export { type CacheDirectory, listEntries, type ListedEntry } from './list-entries.ts';
export { pinEntries, readPins, unpinEntries } from './pins.ts';
export { prune, type Pruned, type PruneOptions, type PruneReason, type PruneReport } from './prune.ts';
export { type PrunedStoreEntry, pruneStore, type PruneStoreOptions } from './prune-store.ts';
export { readStoreEntries, type StoreEntry } from './store-entries.ts';
export { exportCache, importCache, type TransferOptions, type TransferReport } from './transfer-cache.ts';
export { cacheUsage, type CacheUsage } from './usage.ts';
export { type BrokenEntry, verifyCache, type VerifyOptions, type VerifyReport } from './verify-cache.ts';
export { type EarlierInputs, explain, explainMiss, type MissEvidence, type MissExplanation } from './explain.ts';
export { type Change, FILE_CONTENT_DIGITS, type MissCause } from './miss-cause.ts';
export { type BuildTrails, buildTrails, type LastBuild, type TrailEntry, type TrailStep } from './build-trails.ts';
export { type BrokenStoreEntry, verifyStore, type VerifyStoreOptions, type VerifyStoreReport } from './verify-store.ts';

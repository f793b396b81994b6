/** Lists, measures, prunes, verifies and copies caches. @module */
export { layoutReferences, manifestReferences } from './layout-references.ts';
export { type CacheDirectory, listEntries, type ListedEntry } from './list-entries.ts';
export { pinEntries, readPins, unpinEntries } from './pins.ts';
export { prune, type Pruned, type PruneOptions, type PruneReason, type PruneReport } from './prune.ts';
export { type PrunedStoreEntry, pruneStore, type PruneStoreOptions } from './prune-store.ts';
export { readStoreEntries, type StoreEntry } from './store-entries.ts';
export { exportCache, importCache, type TransferOptions, type TransferReport } from './transfer-cache.ts';
export { cacheUsage, type CacheUsage } from './usage.ts';
export { type BrokenEntry, verifyCache, type VerifyOptions, type VerifyReport } from './verify-cache.ts';
export { type BrokenStoreEntry, verifyStore, type VerifyStoreOptions, type VerifyStoreReport } from './verify-store.ts';
export type { StoredRecord } from '../records/record-manifest.ts';

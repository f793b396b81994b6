import type { BlobSource, CallOptions, HistoryEntry, Layer, LocalBlobStore, Platform, RawManifest } from '@shale/core';
import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheKey } from '../keys/cache-key.ts';

/** What a step made, and where its bytes are. */
export interface CacheEntry {
  readonly layer: Layer;
  /** Reads `layer.descriptor`. For an entry from a registry nothing is downloaded until it is read. */
  readonly blobs: BlobSource;
  readonly record: CacheRecord;
  /** The repository whose entry names the layer, as `ImageStore.name`. */
  readonly home?: string | undefined;
  /** The entry as it stands in the cache it was read from: a nearer cache keeps these very bytes, signature and all. */
  readonly manifest?: RawManifest | undefined;
  /** The tier that answered, as `registry`; set by a tiered cache. */
  readonly origin?: string | undefined;
}

/** What is remembered beside the layer. */
export interface CacheRecord {
  /** When the layer was made: the clock of `--cache-ttl`. */
  readonly created: Date;
  /** The instruction, as the image's history shows it. */
  readonly history: HistoryEntry;
  /** How long the step took, in milliseconds: what a hit saves. */
  readonly durationMs: number;
  /** Who made it: host name or CI job, for `--report` and `explain`. */
  readonly builder: string;
  /** Named inputs of the key, hashed: lets a later miss say which one changed. Long lists are folded by directory. */
  readonly inputs: readonly CacheInput[];
  /** Where its instruction stood: what an explanation compares with. `undefined` where that is not known. */
  readonly step?: StepIdentity | undefined;
  /** What the layer was built for, as the config of the entry's image says it. @default the host's */
  readonly platform?: Platform | undefined;
}

/** A step as users know it, however its content changes. */
export interface StepIdentity {
  /** Name or number. */
  readonly stage: string;
  /** Of the instruction in its stage. */
  readonly index: number;
}

export interface StoreOptions extends CallOptions {
  /**
   * Take the place of an entry that is there already. Without it the first writer of a key wins, so that all who share a
   * cache agree on a layer. For builds that were told to make the layer anew. @default false
   */
  readonly replace?: boolean | undefined;
}

/** What became of an entry: it is new there, an earlier one of its key stays, or the backend takes none. */
export type StoreOutcome = 'stored' | 'kept' | 'skipped';

/** Remembers, between builds, which layer a step made. */
export interface CacheBackend {
  /** Stable, for progress and logs: `dir`, `registry`. */
  readonly name: string;
  /** Resolves to `undefined` on a miss, also for a broken or expired entry; rejects only when the backend itself failed. */
  lookup(key: CacheKey, options?: CallOptions): Promise<CacheEntry | undefined>;
  /** Idempotent. An entry that is there, whole and still valid stays, unless `replace` is set. */
  store(key: CacheKey, entry: CacheEntry, options?: StoreOptions): Promise<StoreOutcome | void>;
}

/** A backend that keeps layers on this machine's disk: a layer that is read from a farther tier is written there on its way. */
export interface LayerKeeper {
  readonly keptLayers: LocalBlobStore;
}

export function keepsLayers(backend: CacheBackend): backend is CacheBackend & LayerKeeper {
  return 'keptLayers' in backend;
}

/** A backend that remembers entries without their layers, as one in memory does: a store there moves no bytes. */
export interface LayerlessCache {
  readonly isLayerless: true;
}

export function isLayerless(backend: CacheBackend): backend is CacheBackend & LayerlessCache {
  return 'isLayerless' in backend;
}

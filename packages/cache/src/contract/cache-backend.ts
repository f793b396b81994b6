import type { BlobSource, CallOptions, HistoryEntry, Layer, LocalBlobStore, Platform, RawManifest } from '@shale/core';
import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheKey } from '../keys/cache-key.ts';

/** The result of a step, and where its bytes are. */
export interface CacheEntry {
  readonly layer: Layer;
  /** Reads `layer.descriptor`. An entry from a registry downloads nothing before its layer is read. */
  readonly blobs: BlobSource;
  readonly record: CacheRecord;
  /** The `ImageStore.name` of the repository that holds the layer. */
  readonly home?: string | undefined;
  /** The manifest of the entry in the cache that it was read from. A nearer cache stores the same bytes, and so the signature. */
  readonly manifest?: RawManifest | undefined;
  /** The name of the tier that answered, set by a tiered cache. */
  readonly origin?: string | undefined;
}

/** What a cache remembers beside the layer. */
export interface CacheRecord {
  /** When the layer was made. The age of an entry counts from here. */
  readonly created: Date;
  /** The entry of the step in the image's history. */
  readonly history: HistoryEntry;
  /** How long the step took, in milliseconds. A hit saves this time. */
  readonly durationMs: number;
  /** The host or the CI job that made it, for reports and explanations. */
  readonly builder: string;
  /** The inputs of the key by name and hash: an explanation says which one changed. Long lists are folded by directory. */
  readonly inputs: readonly CacheInput[];
  /** The place of the instruction, by which explanations find earlier entries. `undefined` where it is not known. */
  readonly step?: StepIdentity | undefined;
  /** The platform in the config of the entry's image. @default the host's */
  readonly platform?: Platform | undefined;
}

/** Identifies a step by its place in the Dockerfile, whatever its content is. */
export interface StepIdentity {
  /** The name or the number of the stage. */
  readonly stage: string;
  /** The number of the instruction in its stage. */
  readonly index: number;
}

export interface StoreOptions extends CallOptions {
  /**
   * Replaces an existing entry, for builds that were asked to make the layer again. Without it the first writer of a key
   * wins, so that everybody who shares a cache gets the same layer. @default false
   */
  readonly replace?: boolean | undefined;
}

/** The result of a store: the entry is new, an earlier entry of the key was kept, or the backend takes no entries. */
export type StoreOutcome = 'stored' | 'kept' | 'skipped';

/** Remembers between builds which layer a step made. */
export interface CacheBackend {
  /** A stable name for progress and logs: `dir`, `registry`. */
  readonly name: string;
  /** Resolves to `undefined` for a miss, and for a broken or expired entry. Rejects only when the backend itself failed. */
  lookup(key: CacheKey, options?: CallOptions): Promise<CacheEntry | undefined>;
  /** Idempotent. Keeps an entry that is there, complete and not expired, unless `replace` is set. */
  store(key: CacheKey, entry: CacheEntry, options?: StoreOptions): Promise<StoreOutcome | void>;
}

/** A backend that keeps layers on this machine's disk. A tiered cache writes what it downloads from a farther tier there. */
export interface LayerKeeper {
  readonly keptLayers: LocalBlobStore;
}

export function keepsLayers(backend: CacheBackend): backend is CacheBackend & LayerKeeper {
  return 'keptLayers' in backend;
}

/** A backend that remembers entries without their layers, as one in memory does. Its `store` copies no bytes. */
export interface LayerlessCache {
  readonly isLayerless: true;
}

export function isLayerless(backend: CacheBackend): backend is CacheBackend & LayerlessCache {
  return 'isLayerless' in backend;
}

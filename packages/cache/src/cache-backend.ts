import type { BlobSource, CallOptions, HistoryEntry, Layer } from '@shale/core';
import type { CacheKey } from './cache-key.ts';

/** What a step made, and where its bytes are. */
export interface CacheEntry {
  readonly layer: Layer;
  /** Reads `layer.descriptor`. For an entry from a registry nothing is downloaded until it is read. */
  readonly blobs: BlobSource;
  readonly record: CacheRecord;
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
  /** Named inputs of the key, hashed: lets a later miss say which one changed. */
  readonly inputs: readonly CacheInput[];
}

export interface CacheInput {
  /** As `parent`, `env.PATH`, `file:src/a.ts`. */
  readonly name: string;
  /** A digest of the value, never the value. */
  readonly hash: string;
}

/** Remembers, between builds, which layer a step made. */
export interface CacheBackend {
  /** Stable, for progress and logs: `dir`, `registry`. */
  readonly name: string;
  /** Resolves to `undefined` on a miss, also for a broken or expired entry; rejects only when the backend itself failed. */
  lookup(key: CacheKey, options?: CallOptions): Promise<CacheEntry | undefined>;
  /** Idempotent: every writer of a key offers an equal layer, so the last one may win. */
  store(key: CacheKey, entry: CacheEntry, options?: CallOptions): Promise<void>;
}

import type { CallOptions, ProgressListener } from '@shale/core';
import type { CacheBackend, CacheEntry, StoreOptions } from '../contract/cache-backend.ts';
import { isLayerless, keepsLayers } from '../contract/cache-backend.ts';
import { CacheRequiredError } from '../contract/cache-error.ts';
import type { CacheEventListener } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import { GuardedTier } from './guarded-tier.ts';
import { keptBlobs } from './kept-blobs.ts';
import type { DrainOptions, DrainReport } from './write-queue.ts';
import { WriteQueue } from './write-queue.ts';

export interface TieredCacheOptions {
  readonly onProgress?: ProgressListener | undefined;
  readonly onEvent?: CacheEventListener | undefined;
  /** Whether the failure of a tier fails the build. @default false */
  readonly required?: boolean | undefined;
  /** The longest wait for one lookup, in milliseconds. Then the tier is skipped for the rest of the build. @default 2000 */
  readonly lookupTimeoutMs?: number | undefined;
  /** The longest wait for all lookups in a tier together, in milliseconds. @default 4500 */
  readonly lookupBudgetMs?: number | undefined;
  /** Concurrent lookups in a tier. Most builds look up all their steps at once. @default 64 */
  readonly lookupConcurrency?: number | undefined;
  /** Concurrent stores in a tier. @default 4 */
  readonly storeConcurrency?: number | undefined;
}

export interface TieredCache extends CacheBackend {
  /**
   * Waits for the writes that `store` started. Call it at the end of every build, also of a failed one.
   * @throws {CacheRequiredError} when the cache is required and a write failed or did not end in time.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
}

/**
 * Joins several caches into one. Lookups ask the nearest tier first. Stores write to all tiers, in the background. A tier that
 * fails or is slow is reported once as `cache.degraded`, and skipped; its lookups cost a build at most `lookupBudgetMs`.
 *
 * A hit fills the nearer tiers, and downloads nothing for that: a layerless tier gets the entry at once, a tier on this
 * machine's disk when the build reads the layer.
 * @example
 * const cache = tieredCache([memoryCache(), dirCache({ root }), registryCache(repository)], { onProgress });
 * await build({ ...options, cache });
 * await cache.drain({ timeoutMs: 60_000 });
 */
export function tieredCache(backends: readonly CacheBackend[], options: TieredCacheOptions = {}): TieredCache {
  const { onProgress = () => {}, onEvent = () => {}, required = false } = options;
  const tiers = backends.map(
    (backend) =>
      new GuardedTier(backend, {
        lookupTimeoutMs: options.lookupTimeoutMs ?? 2000,
        lookupBudgetMs: options.lookupBudgetMs ?? 4500,
        lookupConcurrency: options.lookupConcurrency ?? 64,
        storeConcurrency: options.storeConcurrency ?? 4,
        required,
        onDegraded: (name, error) => onProgress({ type: 'cache.degraded', backend: name, error }),
      }),
  );
  return new TieredBackend(tiers, { onProgress, onEvent, required });
}

interface BackendOptions {
  readonly onProgress: ProgressListener;
  readonly onEvent: CacheEventListener;
  readonly required: boolean;
}

class TieredBackend implements TieredCache {
  readonly name: string = 'tiered';
  readonly #tiers: readonly GuardedTier[];
  readonly #options: BackendOptions;
  readonly #queue = new WriteQueue();

  constructor(tiers: readonly GuardedTier[], options: BackendOptions) {
    this.#tiers = tiers;
    this.#options = options;
  }

  async lookup(key: CacheKey, options: CallOptions = {}): Promise<CacheEntry | undefined> {
    options.signal?.throwIfAborted();
    for (const [depth, tier] of this.#tiers.entries()) {
      const found = await tier.lookup(key, options);
      if (found === undefined) continue;
      const entry = { ...found, origin: found.origin ?? tier.backend.name };
      return this.#filling(this.#tiers.slice(0, depth), key, entry);
    }
    return undefined;
  }

  /** Returns at once. The signal does not stop the writes: what a build made before it failed is still stored. */
  async store(key: CacheKey, entry: CacheEntry, { replace, signal }: StoreOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    for (const tier of this.#tiers) this.#write(tier, key, entry, { replace });
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    const drained = (tiers: readonly GuardedTier[]): Promise<DrainReport> => {
      const [tier, ...others] = tiers;
      return tier === undefined ? this.#queue.drain(options) : tier.whileWaiting(() => drained(others));
    };
    const report = await drained(this.#tiers);
    if (report.error === undefined) return report;
    if (this.#options.required) throw asRequired(this.name, report.error);
    if (report.abandoned > 0)
      this.#options.onProgress({ type: 'cache.degraded', backend: this.name, error: report.error });
    return report;
  }

  #filling(nearer: readonly GuardedTier[], key: CacheKey, entry: CacheEntry): CacheEntry {
    const kept = this.#keeping(nearer, key, entry);
    for (const tier of nearer) if (isLayerless(tier.backend)) this.#write(tier, key, kept);
    return kept;
  }

  /** The layer is downloaded at most once, and only when it is read. Then the nearer tiers get the entry. */
  #keeping(nearer: readonly GuardedTier[], key: CacheKey, entry: CacheEntry): CacheEntry {
    const keeper = nearer.find((tier) => keepsLayers(tier.backend));
    if (keeper === undefined || !keepsLayers(keeper.backend)) return entry;
    const { keptLayers: near, name: backend } = keeper.backend;
    const withLayers = nearer.filter((tier) => !isLayerless(tier.backend));
    const blobs = keptBlobs({
      near,
      far: entry.blobs,
      onKept: () => {
        for (const tier of withLayers) this.#write(tier, key, { ...entry, blobs: near });
      },
      onFailed: (error) => keeper.report(error),
      onCorrupt: (digest, error) => this.#options.onEvent({ type: 'corrupt', backend, key, digest, error }),
    });
    return { ...entry, blobs };
  }

  #write(tier: GuardedTier, key: CacheKey, entry: CacheEntry, options: StoreOptions = {}): void {
    const { name: backend } = tier.backend;
    this.#queue.add(async (signal) => {
      const outcome = await tier.store(key, entry, { ...options, signal });
      const bytes = isLayerless(tier.backend) ? 0 : entry.layer.descriptor.size;
      if (outcome === 'stored') this.#options.onProgress({ type: 'cache.stored', backend, key, bytes });
      return outcome;
    });
  }
}

function asRequired(name: string, error: unknown): CacheRequiredError {
  return error instanceof CacheRequiredError ? error : new CacheRequiredError(name, error);
}

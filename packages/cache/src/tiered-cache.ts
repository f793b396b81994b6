import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions, ProgressListener } from '@shale/core';
import type { CacheBackend, CacheEntry, StoreOptions } from './cache-backend.ts';
import { CacheRequiredError } from './cache-error.ts';
import type { CacheEventListener } from './cache-event.ts';
import type { CacheKey } from './cache-key.ts';
import { GuardedTier } from './guarded-tier.ts';
import { keptBlobs } from './kept-blobs.ts';

export interface TieredCacheOptions {
  readonly onProgress?: ProgressListener | undefined;
  readonly onEvent?: CacheEventListener | undefined;
  /** A tier that fails fails the build: `--cache-required`. @default false */
  readonly required?: boolean | undefined;
  /** Longest wait for one lookup before the tier is given up for the rest of the build, in milliseconds. @default 2000 */
  readonly lookupTimeoutMs?: number | undefined;
  /** Longest time a build waits for a tier's lookups in all, in milliseconds. @default 5000 */
  readonly lookupBudgetMs?: number | undefined;
  /** Lookups at once in a tier. @default 16 */
  readonly lookupConcurrency?: number | undefined;
  /** Entries written at once to a tier. @default 4 */
  readonly storeConcurrency?: number | undefined;
}

export interface DrainOptions extends CallOptions {
  /** Longest wait for writes that are under way, in milliseconds; then they are abandoned. @default no limit */
  readonly timeoutMs?: number | undefined;
}

export interface DrainReport {
  /** Writes since the last drain, an entry in a tier each. */
  readonly stored: number;
  readonly failed: number;
  /** Given up because the time was over. */
  readonly abandoned: number;
}

export interface TieredCache extends CacheBackend {
  /**
   * Waits for the writes that `store` began. Call it at the end of a build, also of one that failed.
   * @throws {CacheRequiredError} when the cache is required and a write failed or did not end in time.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
}

/**
 * Several caches as one: asked nearest first, written all at once and beside the build. A tier that is broken or slow is
 * reported once as `cache.degraded` and passed over; it costs a build at most `lookupBudgetMs`.
 *
 * A hit fills the nearer tiers without a download of its own: those that hold no bytes at once, one on this machine's
 * disk when the layer is read, with the bytes that pass.
 * @example
 * const cache = tieredCache([memoryCache(), dirCache({ root }), registryCache(repository)], { onProgress });
 * await build({ ...options, cache });
 * await cache.drain({ timeoutMs: 60_000 });
 */
export function tieredCache(tiers: readonly CacheBackend[], options: TieredCacheOptions = {}): TieredCache {
  return new TieredBackend(tiers, options);
}

class TieredBackend implements TieredCache {
  readonly name: string = 'tiered';
  readonly #tiers: readonly GuardedTier[];
  readonly #onProgress: ProgressListener;
  readonly #onEvent: CacheEventListener;
  readonly #writes = new Set<Promise<void>>();
  readonly #isRequired: boolean;
  #counts = { stored: 0, failed: 0 };
  #failure: unknown;
  #abandon = new AbortController();

  constructor(tiers: readonly CacheBackend[], options: TieredCacheOptions) {
    const { onProgress = () => {}, onEvent = () => {} } = options;
    this.#onProgress = onProgress;
    this.#onEvent = onEvent;
    this.#isRequired = options.required ?? false;
    const guards = {
      lookupTimeoutMs: options.lookupTimeoutMs ?? 2000,
      lookupBudgetMs: options.lookupBudgetMs ?? 5000,
      lookupConcurrency: options.lookupConcurrency ?? 16,
      storeConcurrency: options.storeConcurrency ?? 4,
      required: options.required ?? false,
      onDegraded: (backend: string, error: unknown) => onProgress({ type: 'cache.degraded', backend, error }),
    };
    this.#tiers = tiers.map((tier) => new GuardedTier(tier, guards));
  }

  async lookup(key: CacheKey, options: CallOptions = {}): Promise<CacheEntry | undefined> {
    options.signal?.throwIfAborted();
    for (const [depth, tier] of this.#tiers.entries()) {
      const entry = await tier.lookup(key, options);
      if (entry === undefined) continue;
      return this.#fillNearer(key, { ...entry, origin: entry.origin ?? tier.backend.name }, depth);
    }
    return undefined;
  }

  /** Returns at once. The signal is that of the call alone: what a build made before it failed is still written. */
  async store(key: CacheKey, entry: CacheEntry, { replace, signal }: StoreOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    for (const tier of this.#tiers) this.#write(tier, key, entry, replace);
  }

  async drain({ timeoutMs, signal }: DrainOptions = {}): Promise<DrainReport> {
    const isDone = await this.#settled(timeoutMs, signal);
    const abandoned = isDone ? 0 : this.#writes.size;
    if (!isDone) this.#abandon.abort(new Error(`The cache was not written within ${timeoutMs} ms`));
    const report = { ...this.#counts, abandoned };
    const failure = this.#failure ?? (abandoned > 0 ? this.#abandon.signal.reason : undefined);
    this.#counts = { stored: 0, failed: 0 };
    this.#failure = undefined;
    if (!isDone) this.#abandon = new AbortController();
    return this.#reported(report, failure);
  }

  /** What has no bytes to keep takes a hit now; what has keeps the layer when it is read. */
  #fillNearer(key: CacheKey, entry: CacheEntry, depth: number): CacheEntry {
    const nearer = this.#tiers.slice(0, depth);
    for (const tier of nearer) if (tier.backend.holdsBlobs === false) this.#write(tier, key, entry, false);
    const keeper = nearer.findLast((tier) => tier.backend.keeps !== undefined);
    const near = keeper?.backend.keeps;
    if (keeper === undefined || near === undefined) return entry;
    const backend = keeper.backend.name;
    const blobs = keptBlobs({
      far: entry.blobs,
      near,
      onKept: () => this.#write(keeper, key, { ...entry, blobs: near }, false),
      onFailed: (error) => this.#onProgress({ type: 'cache.degraded', backend, error }),
      onCorrupt: (digest, error) => this.#onEvent({ type: 'corrupt', backend, key, digest, error }),
    });
    return { ...entry, blobs };
  }

  #write(tier: GuardedTier, key: CacheKey, entry: CacheEntry, replace: boolean | undefined): void {
    const write = tier
      .store(key, entry, { replace, signal: this.#abandon.signal })
      .then((isStored) => {
        this.#counts[isStored ? 'stored' : 'failed'] += 1;
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  #reported(report: DrainReport, failure: unknown): DrainReport {
    if (failure === undefined) return report;
    if (failure instanceof CacheRequiredError) throw failure;
    if (this.#isRequired) throw new CacheRequiredError(this.name, failure);
    if (report.abandoned > 0) this.#onProgress({ type: 'cache.degraded', backend: this.name, error: failure });
    return report;
  }

  async #settled(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    const done = (async () => {
      while (this.#writes.size > 0) await Promise.all(this.#writes);
      return true;
    })();
    const over = new AbortController();
    const limits: Promise<boolean>[] = [];
    if (timeoutMs !== undefined) limits.push(sleep(timeoutMs, false, { signal: over.signal }));
    if (signal !== undefined) limits.push(aborted(signal, over.signal));
    try {
      return await Promise.race([done, ...limits]);
    } finally {
      over.abort();
    }
  }
}

/** Resolves to `false` when `signal` is aborted, and is dropped when `over` is. */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true, signal: over }));
}

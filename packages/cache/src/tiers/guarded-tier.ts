import { type BlobSource, type CallOptions, monotonicMs } from '@shale/core';
import pLimit from 'p-limit';
import type { CacheBackend, CacheEntry, StoreOptions, StoreOutcome } from '../contract/cache-backend.ts';
import { CacheRequiredError } from '../contract/cache-error.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { LookupClock, LookupTimeoutError } from './lookup-clock.ts';
import { WriteClock, WriteSilenceError } from './write-clock.ts';

export interface GuardedTierOptions {
  readonly lookupTimeoutMs: number;
  readonly lookupBudgetMs: number;
  readonly lookupConcurrency: number;
  readonly storeConcurrency: number;
  /** Throw a failure instead of skipping the tier. */
  readonly required: boolean;
  /** Called once, with the first failure. */
  readonly onDegraded: (backend: string, error: unknown) => void;
}

/** A failure that took longer, in milliseconds, opens the circuit at once: three of them would cost too much time. */
const SLOW_FAILURE_MS = 1000;
/** How long a build waits for a write without progress, in milliseconds, minus the time that lookups have cost. */
const WRITE_SILENCE_MS = 3500;
const MIN_WRITE_SILENCE_MS = 1000;
/** After failures, a write is tried again after this time, in milliseconds. */
const STORE_RETRY_MS = 30_000;

/** Bounds the time that a backend can cost a build, and keeps its failures from failing the build. */
export class GuardedTier {
  readonly backend: CacheBackend;
  readonly #options: GuardedTierOptions;
  readonly #clock: LookupClock;
  readonly #writes = new WriteClock({
    silenceMs: () => Math.max(MIN_WRITE_SILENCE_MS, WRITE_SILENCE_MS - this.#clock.spentMs),
  });
  readonly #lookups = new CircuitBreaker();
  readonly #stores = new CircuitBreaker({ retryAfterMs: STORE_RETRY_MS });
  readonly #lookupLimit;
  readonly #storeLimit;
  #isDegraded = false;

  constructor(backend: CacheBackend, options: GuardedTierOptions) {
    this.backend = backend;
    this.#options = options;
    this.#clock = new LookupClock({ timeoutMs: options.lookupTimeoutMs, budgetMs: options.lookupBudgetMs });
    this.#lookupLimit = pLimit(options.lookupConcurrency);
    this.#storeLimit = pLimit(options.storeConcurrency);
  }

  /** A failure is a miss. @throws {CacheRequiredError} when the cache is required. */
  async lookup(key: CacheKey, { signal }: CallOptions): Promise<CacheEntry | undefined> {
    return this.#lookupLimit(async () => {
      signal?.throwIfAborted();
      if (!this.#lookups.allows()) return undefined;
      const started = monotonicMs();
      try {
        const entry = await this.#clock.wait((inner) => this.backend.lookup(key, { signal: inner }), signal);
        this.#lookups.succeeded();
        return entry;
      } catch (error) {
        signal?.throwIfAborted(); // the build was cancelled, the cache did not fail
        const isSlow = error instanceof LookupTimeoutError || monotonicMs() - started > SLOW_FAILURE_MS;
        if (isSlow) this.#giveUp();
        else this.#lookups.failed();
        this.#degrade(error);
        return undefined;
      }
    });
  }

  /** @returns `undefined` when the store failed. @throws {CacheRequiredError} when the cache is required. */
  async store(key: CacheKey, entry: CacheEntry, options: StoreOptions): Promise<StoreOutcome | undefined> {
    return this.#storeLimit(async () => {
      options.signal?.throwIfAborted();
      if (!this.#stores.allows()) return undefined;
      try {
        const outcome = await this.#writes.watch(entry.layer.descriptor.size, (silent, heard) => {
          const signal = options.signal ? AbortSignal.any([options.signal, silent]) : silent;
          return this.backend.store(key, { ...entry, blobs: heardBlobs(entry.blobs, heard) }, { ...options, signal });
        });
        this.#stores.succeeded();
        return outcome ?? 'stored';
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof WriteSilenceError) this.#giveUp();
        else this.#stores.failed();
        this.#degrade(error);
        return undefined;
      }
    });
  }

  /** Ends writes that make no progress while `wait` runs. */
  async whileWaiting<T>(wait: () => Promise<T>): Promise<T> {
    this.#writes.start();
    try {
      return await wait();
    } finally {
      this.#writes.stop();
    }
  }

  /** A backend that does not answer is neither read nor written any more. */
  #giveUp(): void {
    this.#lookups.open();
    this.#stores.open();
  }

  /** @throws {CacheRequiredError} when the cache is required. */
  #degrade(error: unknown): void {
    this.report(error);
    if (this.#options.required) throw new CacheRequiredError(this.backend.name, error);
  }

  /** Reports the first failure; later ones are not reported. */
  report(error: unknown): void {
    if (!this.#isDegraded) this.#options.onDegraded(this.backend.name, error);
    this.#isDegraded = true;
  }
}

/** Calls `heard` for each chunk that is read. */
function heardBlobs(blobs: BlobSource, heard: () => void): BlobSource {
  return {
    stat: (digest, options) => blobs.stat(digest, options),
    async *read(blob, options) {
      for await (const chunk of blobs.read(blob, options)) {
        heard();
        yield chunk;
      }
    },
  };
}

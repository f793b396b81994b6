import type { CallOptions } from '@shale/core';
import type { StoreOutcome } from '../contract/cache-backend.ts';

export interface DrainOptions extends CallOptions {
  /** The longest wait for running writes, in milliseconds; then they are abandoned. @default no limit */
  readonly timeoutMs?: number | undefined;
}

export interface DrainReport {
  /** New entries since the last drain. An entry that goes to two tiers counts twice. */
  readonly stored: number;
  /** Entries whose key had an entry already. */
  readonly kept: number;
  readonly failed: number;
  /** Writes that were given up when the time was over. */
  readonly abandoned: number;
  /** The first failure. */
  readonly error?: unknown;
}

/** Writes that run in the background of a build. */
export class WriteQueue {
  readonly #running = new Set<Promise<void>>();
  #counts = noCounts();
  #error: unknown;
  #abandon = new AbortController();

  /** `write` resolves to its outcome, or to `undefined` when it failed, and stops when its signal is aborted. */
  add(write: (signal: AbortSignal) => Promise<StoreOutcome | undefined>): void {
    const run = async () => {
      try {
        this.#counts[(await write(this.#abandon.signal)) ?? 'failed'] += 1;
      } catch (error) {
        this.#counts.failed += 1;
        this.#error ??= error;
      }
    };
    const running = run().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async drain({ timeoutMs, signal }: DrainOptions = {}): Promise<DrainReport> {
    const isIdle = await this.#idle(timeoutMs, signal);
    const abandoned = isIdle ? 0 : this.#running.size;
    if (!isIdle) this.#giveUp(timeoutMs);
    const { stored, kept, failed } = this.#counts;
    const report = { stored, kept, failed, abandoned, error: this.#error };
    this.#counts = noCounts();
    this.#error = undefined;
    signal?.throwIfAborted();
    return report;
  }

  #giveUp(timeoutMs: number | undefined): void {
    const reason = new Error(`The cache was not written within ${timeoutMs ?? 0} ms`);
    this.#error ??= reason;
    this.#abandon.abort(reason);
    this.#abandon = new AbortController();
    this.#running.clear();
  }

  /** Resolves to `false` when the time is over, or the signal is aborted, before all writes end. */
  #idle(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(false), timeoutMs);
      const abort = () => end(false);
      const end = (isIdle: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        resolve(isIdle);
      };
      if (signal?.aborted) return end(false);
      signal?.addEventListener('abort', abort, { once: true });
      return void this.#untilEmpty().then(() => end(true));
    });
  }

  async #untilEmpty(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running); // a write may have started another one
  }
}

function noCounts(): Record<StoreOutcome | 'failed', number> {
  return { stored: 0, kept: 0, skipped: 0, failed: 0 };
}

import { pause } from './retry.ts';

/** Limits the total rate of all transfers that share it. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  #freeMs = 0;

  /** @param bytesPerSecond more than 0 */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when `bytes` more may be transferred. @throws The signal's reason when it aborts. */
  async pass(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#freeMs = Math.max(now, this.#freeMs) + (bytes * 1000) / this.#bytesPerSecond;
    if (this.#freeMs > now) await pause(this.#freeMs - now, signal);
  }
}

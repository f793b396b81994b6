import { pause } from './retry.ts';

/** Keeps everyone who shares it below a rate, whatever number of transfers run at once. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  #freeMs = 0;

  /** @param bytesPerSecond more than 0 */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Settles when `bytes` more may follow. @throws the signal's reason when it aborts. */
  async pass(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#freeMs = Math.max(now, this.#freeMs) + (bytes * 1000) / this.#bytesPerSecond;
    if (this.#freeMs > now) await pause(this.#freeMs - now, signal);
  }
}

/** The time over which the rate is measured, in milliseconds. */
const WINDOW_MS = 30_000;

/** Ends a transfer that is too slow: a byte now and then defeats an idle timeout. */
export class ThroughputGuard {
  readonly #minimumBytesPerSecond: number;
  readonly #windowMs: number;
  #waitedMs = 0;
  #bytes = 0;

  /** @param maxWindowMs Measures over a shorter time, when less is left. */
  constructor(minimumBytesPerSecond: number, maxWindowMs: number = WINDOW_MS) {
    this.#minimumBytesPerSecond = minimumBytesPerSecond;
    this.#windowMs = Math.min(WINDOW_MS, maxWindowMs);
  }

  /** Counts only the time spent waiting for the source: a slow consumer is not the network's fault. */
  async *watch(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let sinceMs = performance.now();
    for await (const chunk of source) {
      this.#count(chunk.byteLength, performance.now() - sinceMs);
      yield chunk;
      sinceMs = performance.now();
    }
  }

  #count(bytes: number, waitedMs: number): void {
    this.#bytes += bytes;
    this.#waitedMs += waitedMs;
    if (this.#waitedMs < this.#windowMs) return;
    if (this.#bytes * 1000 < this.#minimumBytesPerSecond * this.#waitedMs) {
      throw Object.assign(new Error(`Less than ${this.#minimumBytesPerSecond} bytes a second`), { code: 'ETOOSLOW' });
    }
    this.#waitedMs = 0;
    this.#bytes = 0;
  }
}

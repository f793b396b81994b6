export interface LookupClockOptions {
  /** The longest wait for one answer, in milliseconds. */
  readonly timeoutMs: number;
  /** The longest wait for all answers together, in milliseconds. */
  readonly budgetMs: number;
}

export class LookupTimeoutError extends Error {
  override readonly name: string = 'LookupTimeoutError';
}

interface Waiting {
  ageMs: number;
  readonly expire: (error: LookupTimeoutError) => void;
}

const TICK_MS = 50;

/**
 * Bounds the time that is spent waiting for a cache. It counts its own ticks and not the time of day: while this process is
 * busy with something else, an answer that has arrived cannot be read, and the cache is not to blame for that.
 */
export class LookupClock {
  readonly #timeoutMs: number;
  readonly #budgetMs: number;
  readonly #waiting = new Set<Waiting>();
  #spentMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ timeoutMs, budgetMs }: LookupClockOptions) {
    this.#timeoutMs = timeoutMs;
    this.#budgetMs = budgetMs;
  }

  /** How long the process has waited for answers so far, in milliseconds. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /**
   * Waits for the answer of `call`, and aborts its signal when the time is over.
   * @throws {LookupTimeoutError}
   */
  async wait<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const late = new AbortController();
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const waiting: Waiting = {
      ageMs: 0,
      expire: (error) => {
        late.abort(error);
        reject(error);
      },
    };
    const abandon = () => reject(signal?.reason);
    signal?.addEventListener('abort', abandon, { once: true });
    this.#start(waiting);
    try {
      return await Promise.race([call(signal ? AbortSignal.any([signal, late.signal]) : late.signal), expired]);
    } finally {
      signal?.removeEventListener('abort', abandon);
      this.#stop(waiting);
    }
  }

  #start(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #stop(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#spentMs += TICK_MS;
    for (const waiting of this.#waiting) {
      waiting.ageMs += TICK_MS;
      if (this.#spentMs >= this.#budgetMs) {
        waiting.expire(new LookupTimeoutError(`its answers took more than ${this.#budgetMs} ms in total`));
      } else if (waiting.ageMs >= this.#timeoutMs) {
        waiting.expire(new LookupTimeoutError(`it did not answer within ${this.#timeoutMs} ms`));
      }
    }
  }
}

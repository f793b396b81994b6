export interface LookupClockOptions {
  /** Longest wait for one answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest time in which answers are waited for at all, however many, in milliseconds. */
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
 * Bounds what waiting for a cache may cost. It counts its own ticks and not the time of day: while this process is busy
 * elsewhere an answer that has arrived long ago cannot be seen, which is not the cache's fault.
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

  /** How long answers were waited for so far. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /**
   * The answer of `call`, if it comes in time; else `call`'s signal is aborted.
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
        waiting.expire(new LookupTimeoutError(`its answers took more than ${this.#budgetMs} ms together`));
      } else if (waiting.ageMs >= this.#timeoutMs) {
        waiting.expire(new LookupTimeoutError(`it did not answer within ${this.#timeoutMs} ms`));
      }
    }
  }
}

export class WriteSilenceError extends Error {
  override readonly name: string = 'WriteSilenceError';
}

export interface WriteClockOptions {
  /** The longest time without progress, in milliseconds, for a write of no bytes. Called while a write is waited for. */
  readonly silenceMs: () => number;
}

interface Writing {
  quietMs: number;
  readonly sizeBytes: number;
  readonly expire: (error: WriteSilenceError) => void;
}

const TICK_MS = 50;
/** A registry is silent while it processes what it received. This is its slowest rate. */
const COMMIT_BYTES_PER_SECOND = 10 * 1024 * 1024;

/**
 * Ends writes that make no progress while a build waits for them. While no build waits, writes have no time limit. Like
 * `LookupClock` it counts its own ticks.
 */
export class WriteClock {
  readonly #silenceMs: WriteClockOptions['silenceMs'];
  readonly #writing = new Set<Writing>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ silenceMs }: WriteClockOptions) {
    this.#silenceMs = silenceMs;
  }

  /** Starts to count the time without progress. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const writing of this.#writing) writing.quietMs = 0;
  }

  /**
   * Runs `write`, which calls `heard` whenever it makes progress.
   * @throws {WriteSilenceError} after its signal was aborted with it.
   */
  async watch<T>(sizeBytes: number, write: (signal: AbortSignal, heard: () => void) => Promise<T>): Promise<T> {
    const silent = new AbortController();
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const writing: Writing = {
      quietMs: 0,
      sizeBytes,
      expire: (error) => {
        silent.abort(error);
        reject(error);
      },
    };
    this.#writing.add(writing);
    try {
      return await Promise.race([write(silent.signal, () => (writing.quietMs = 0)), expired]);
    } finally {
      this.#writing.delete(writing);
    }
  }

  #tick(): void {
    const silenceMs = this.#silenceMs();
    for (const writing of this.#writing) {
      writing.quietMs += TICK_MS;
      if (writing.quietMs < silenceMs + (writing.sizeBytes / COMMIT_BYTES_PER_SECOND) * 1000) continue;
      writing.expire(new WriteSilenceError(`a write made no progress for ${Math.round(writing.quietMs)} ms`));
    }
  }
}

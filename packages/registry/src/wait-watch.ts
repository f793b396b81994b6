/** Reports a wait: `untilMs` is when it ends at the latest, in milliseconds since the epoch. */
export type WaitListener = (wait: { readonly reason: string; readonly untilMs: number }) => void;

/** Waits are reported when they take longer than this. */
export const NOTICE_MS = 5000;

/** Reports a pause at its start, when it is long enough. */
export function reportPause(onWait: WaitListener | undefined, reason: string, ms: number): void {
  if (ms > NOTICE_MS) onWait?.({ reason, untilMs: Date.now() + ms });
}

/** Reports a wait of unknown length once it has lasted for `NOTICE_MS`. */
export class WaitWatch {
  readonly #onWait: WaitListener;
  #timer: NodeJS.Timeout | undefined;

  constructor(onWait: WaitListener) {
    this.#onWait = onWait;
  }

  /** Begins a wait, and ends the one before. `limitMs` is how long it can take. */
  begin(reason: string, limitMs: number): void {
    this.end();
    if (limitMs <= NOTICE_MS) return;
    const untilMs = Date.now() + limitMs;
    this.#timer = setTimeout(() => this.#onWait({ reason, untilMs }), NOTICE_MS).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Passes content on, and watches the waits for its next chunk. */
  async *reading(content: AsyncIterable<Uint8Array>, reason: string, limitMs: number): AsyncIterable<Uint8Array> {
    try {
      this.begin(reason, limitMs);
      for await (const chunk of content) {
        this.end();
        yield chunk;
        this.begin(reason, limitMs);
      }
    } finally {
      this.end();
    }
  }

  /** Passes content on, and watches how long its reader takes to ask for more. */
  async *writing(content: AsyncIterable<Uint8Array>, reason: string, limitMs: number): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of content) {
        this.begin(reason, limitMs);
        yield chunk;
        this.end();
      }
    } finally {
      this.end();
    }
  }
}

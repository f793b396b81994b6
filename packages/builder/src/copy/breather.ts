import { setImmediate } from 'node:timers/promises';

const BREATH_MS = 25;
/** Entries between two looks at the clock. */
const STRIDE = 64;

/** Lets other work go on now and then while many synchronous calls are made, and notices when it is time to stop. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #count = 0;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Asked after each piece of work; almost always no. */
  isDue(): boolean {
    this.#count += 1;
    return this.#count % STRIDE === 0 && performance.now() - this.#since > BREATH_MS;
  }

  async breathe(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}

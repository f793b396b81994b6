import { setImmediate } from 'node:timers/promises';

/** How long the event loop may wait. */
const MAX_BLOCKING_MS = 25;
/** Calls of `isDue` between two readings of the clock. */
const STRIDE = 64;

/** Yields to the event loop from long synchronous work, and throws when the work is aborted. */
export class LoopYielder {
  readonly #signal: AbortSignal | undefined;
  #count = 0;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Call it after each piece of work; it is almost always false. */
  isDue(): boolean {
    this.#count += 1;
    return this.#count % STRIDE === 0 && performance.now() - this.#since > MAX_BLOCKING_MS;
  }

  async yieldToLoop(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}

import type { CallOptions } from '@shale/core';

/** One at a time, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves when everybody before has disposed theirs. */
  async take({ signal }: CallOptions = {}): Promise<Disposable> {
    signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = promise;
    await before;
    if (signal?.aborted === true) resolve();
    signal?.throwIfAborted();
    return { [Symbol.dispose]: resolve };
  }
}

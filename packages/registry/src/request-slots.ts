import pLimit, { type LimitFunction } from 'p-limit';
import { untilAborted } from './until-aborted.ts';

/** Lets a number of requests run at once for each key; others wait for their turn. */
export class RequestSlots {
  readonly #limits = new Map<string, LimitFunction>();

  /** Resolves when it is the turn of the request. @returns What ends its turn. */
  async take(key: string, count: number, signal: AbortSignal | undefined): Promise<() => void> {
    const limit = this.#limits.get(key) ?? pLimit(count);
    this.#limits.set(key, limit);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    void limit(() => {
      start();
      return released;
    });
    try {
      await untilAborted(started, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}

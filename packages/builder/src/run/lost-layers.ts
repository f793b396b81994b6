import type { Digest } from '@shale/core';
import { BlobMissingError, DigestMismatchError, LocatedError, SizeMismatchError } from '@shale/core';

/** The bound against somebody who removes layers as fast as the build makes them. */
const MAX_REWINDS = 1000;

export interface LostLayersOptions {
  /** Forgets the results that have this layer, so that their steps run again. Returns whether there were any. */
  readonly forget: (lost: Digest, error: unknown) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Repeats work that found a layer gone. A layer can vanish after the lookup, or after a step made it, when another process
 * prunes the cache.
 */
export class LostLayers {
  readonly #options: LostLayersOptions;
  /** The attempt that last found a layer gone. */
  readonly #lostAt = new Map<Digest, number>();
  #attempts = 0;
  #rewinds = 0;

  constructor(options: LostLayersOptions) {
    this.#options = options;
  }

  /** Runs `work`, and runs it again as long as the step that makes the missing layer can run again first. */
  async repeating<T>(work: () => Promise<T>, mayRepeat: () => boolean = () => true): Promise<T> {
    for (;;) {
      const began = (this.#attempts += 1);
      try {
        return await work();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!mayRepeat() || !this.#canRecover(error, began)) throw error;
      }
    }
  }

  /**
   * Whether another attempt can succeed: the layer's step will run again, or another attempt has just found the same layer
   * gone. A layer of a base image gets one more attempt, because its source has put the broken copy aside.
   */
  #canRecover(error: unknown, began: number): boolean {
    const lost = lostDigest(error);
    if (lost === undefined || (this.#rewinds += 1) > MAX_REWINDS) return false;
    const knownSince = this.#lostAt.get(lost);
    if (!this.#options.forget(lost, error) && knownSince !== undefined && knownSince < began) return false;
    this.#lostAt.set(lost, (this.#attempts += 1));
    return true;
  }
}

function lostDigest(thrown: unknown): Digest | undefined {
  const error = thrown instanceof LocatedError ? thrown.failure : thrown;
  if (error instanceof BlobMissingError || error instanceof SizeMismatchError) return error.digest;
  return error instanceof DigestMismatchError ? error.expected : undefined;
}

import { statfs } from 'node:fs/promises';
import { ShaleError } from '@shale/core';

const MIB = 2 ** 20;
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** The directory of base images has no room for an image: its disk or its limit is full. */
export class BaseImageCacheFullError extends ShaleError {
  readonly code = 'BASE_IMAGE_CACHE_FULL';
}

/** Reserves space for images before they are fetched, so that a disk never fills during a download. */
export class SpaceBudget {
  readonly #directory: string;
  readonly #makeRoom: () => Promise<void>;
  #reservedBytes = 0;

  /** @param makeRoom removes files that are not needed */
  constructor(directory: string, makeRoom: () => Promise<void>) {
    this.#directory = directory;
    this.#makeRoom = makeRoom;
  }

  /**
   * Reserves `bytes` until disposed. What is written meanwhile counts twice, which errs on the safe side.
   * @throws {BaseImageCacheFullError} naming what is needed and what is free.
   */
  async reserve(bytes: number, name: string): Promise<Disposable> {
    let free = await this.#free();
    if (bytes > free) {
      await this.#makeRoom();
      free = await this.#free();
    }
    if (bytes > free) throw this.#full(bytes, free, name);
    this.#reservedBytes += bytes;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#reservedBytes -= bytes;
        isHeld = false;
      },
    };
  }

  /** Turns the error of a full disk, to which others write as well, into the same error. Other errors are returned unchanged. */
  async explain(error: unknown, bytes: number, name: string): Promise<unknown> {
    if (!FULL.has((error as NodeJS.ErrnoException).code ?? '')) return error;
    return this.#full(bytes, await freeBytes(this.#directory), name, error);
  }

  async #free(): Promise<number> {
    return (await freeBytes(this.#directory)) - this.#reservedBytes;
  }

  #full(bytes: number, free: number, name: string, cause?: unknown): BaseImageCacheFullError {
    const there = `${toMiB(Math.max(free, 0))} are free`;
    return new BaseImageCacheFullError(`${name} needs ${toMiB(bytes)} in ${this.#directory}, where ${there}`, {
      cause,
      hint: 'Enlarge the volume, or remove images.',
    });
  }
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

function toMiB(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}

import type { Descriptor, Digest } from '@shale/core';

export interface Freed {
  readonly digests: readonly Digest[];
  readonly bytes: number;
}

/** Counts the references of entries to blobs, to find out which blobs the removal of an entry frees. */
export class ReferenceCount {
  readonly #counts = new Map<Digest, number>();
  readonly #pinned = new Set<Digest>();

  /** Marks a blob that somebody else needs. It is never freed, and its size is not counted. */
  pin(digest: Digest): void {
    this.#pinned.add(digest);
  }

  has(digest: Digest): boolean {
    return this.#pinned.has(digest) || this.#counts.has(digest);
  }

  /** @returns the size of the blobs that no entry referred to before. */
  add(blobs: readonly Descriptor[]): number {
    let bytes = 0;
    for (const { digest, size } of blobs) {
      const count = this.#counts.get(digest) ?? 0;
      this.#counts.set(digest, count + 1);
      if (count === 0 && !this.#pinned.has(digest)) bytes += size;
    }
    return bytes;
  }

  remove(blobs: readonly Descriptor[]): Freed {
    const freed: Descriptor[] = [];
    for (const blob of blobs) {
      const count = (this.#counts.get(blob.digest) ?? 0) - 1;
      if (count > 0) this.#counts.set(blob.digest, count);
      else this.#counts.delete(blob.digest);
      if (count <= 0 && !this.#pinned.has(blob.digest)) freed.push(blob);
    }
    return { digests: freed.map(({ digest }) => digest), bytes: freed.reduce((sum, { size }) => sum + size, 0) };
  }
}

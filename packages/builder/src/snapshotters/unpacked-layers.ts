import { join } from 'node:path';
import type { CallOptions, Digest } from '@shale/core';
import { chainIds, unpackLayer } from '@shale/core';
import pLimit from 'p-limit';
import type { LayerStack, StackedLayer } from '../snapshotter.ts';
import type { DirectoryLock } from './directory-lock.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { makeTreeRoot } from './tree-root.ts';

export interface UnpackedLayersOptions {
  readonly overlayXattrs: 'trusted' | 'user';
}

/** While one waits for its decompression, another one writes files. */
const CONCURRENCY = 3;

/** Layers as overlayfs takes them, one directory `<hex>/fs` each. What is missing is unpacked, once, several at a time. */
export class UnpackedLayers {
  readonly #snapshots: SnapshotDirectory;
  readonly #options: UnpackedLayersOptions;
  readonly #limit = pLimit(CONCURRENCY);
  readonly #unpacking = new Map<Digest, Promise<void>>();

  constructor(snapshots: SnapshotDirectory, options: UnpackedLayersOptions) {
    this.#snapshots = snapshots;
    this.#options = options;
  }

  /** Holds each layer of the stack, from base to top. Release them all. */
  async hold(stack: LayerStack, options?: CallOptions): Promise<DirectoryLock[]> {
    const ids = chainIds(stack.map(({ layer }) => layer.diffId));
    const holding = stack.map((stacked, index) => this.#hold(ids[index] as Digest, stacked, options));
    const outcomes = await Promise.allSettled(holding);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    if (failed === undefined) return locks;
    for (const lock of locks) lock[Symbol.dispose]();
    throw failed.reason;
  }

  async #hold(chainId: Digest, stacked: StackedLayer, options?: CallOptions): Promise<DirectoryLock> {
    for (;;) {
      options?.signal?.throwIfAborted();
      const lock = this.#snapshots.hold(chainId);
      if (lock !== undefined) return lock;
      const other = this.#unpacking.get(chainId);
      await (other?.catch(() => {}) ?? this.#unpackOnce(chainId, stacked, options)); // another's failure is not ours
    }
  }

  async #unpackOnce(chainId: Digest, stacked: StackedLayer, options?: CallOptions): Promise<void> {
    const unpacking = this.#limit(() => this.#unpack(chainId, stacked, options));
    this.#unpacking.set(chainId, unpacking);
    try {
      await unpacking;
    } finally {
      this.#unpacking.delete(chainId);
    }
  }

  async #unpack(chainId: Digest, { layer, blobs }: StackedLayer, options?: CallOptions): Promise<void> {
    using draft = this.#snapshots.startDraft();
    const root = join(draft.path, 'fs');
    makeTreeRoot(root);
    const content = blobs.read(layer.descriptor, options);
    await unpackLayer(content, layer, root, { ...options, ...this.#options, whiteouts: 'overlay' });
    draft.publish(chainId);
  }
}

import { join } from 'node:path';
import type { Digest } from '@shale/core';
import { chainIds } from '@shale/core';
import { inheritDirectories } from '@shale/core/archive';
import pLimit from 'p-limit';
import type { LayerStack, StackedLayer } from '../graph/layer-stack.ts';
import type { UnpackingOptions } from './snapshotter.ts';
import type { DirectoryLock } from '../tree/directory-lock.ts';
import type { Draft, SnapshotDirectory } from './snapshot-directory.ts';
import { makeTreeRoot } from './tree-root.ts';
import { unpackReported } from './unpack-reported.ts';

export interface UnpackedLayersOptions {
  readonly overlayXattrs: 'trusted' | 'user';
}

/** A layer that is wanted. */
interface Request extends UnpackingOptions {
  readonly chainId: Digest;
  readonly stacked: StackedLayer;
  /** The layers below, from the base up, as they come to be held. */
  readonly below: readonly Promise<DirectoryLock>[];
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
  async hold(stack: LayerStack, options?: UnpackingOptions): Promise<DirectoryLock[]> {
    const ids = chainIds(stack.map(({ layer }) => layer.diffId));
    const holding: Promise<DirectoryLock>[] = [];
    for (const [index, stacked] of stack.entries()) {
      const request = { ...options, chainId: ids[index] as Digest, stacked, below: [...holding] };
      holding.push(this.#hold(request));
    }
    const outcomes = await Promise.allSettled(holding);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    if (failed === undefined) return locks;
    for (const lock of locks) lock[Symbol.dispose]();
    throw failed.reason;
  }

  async #hold(request: Request): Promise<DirectoryLock> {
    for (;;) {
      request.signal?.throwIfAborted();
      const lock = this.#snapshots.hold(request.chainId);
      if (lock !== undefined) return lock;
      const other = this.#unpacking.get(request.chainId);
      await (other?.catch(() => {}) ?? this.#unpackOnce(request)); // another's failure is not ours
    }
  }

  async #unpackOnce(request: Request): Promise<void> {
    const unpacking = this.#unpack(request);
    this.#unpacking.set(request.chainId, unpacking);
    try {
      await unpacking;
    } finally {
      this.#unpacking.delete(request.chainId);
    }
  }

  async #unpack(request: Request): Promise<void> {
    using draft = this.#snapshots.startDraft();
    const { impliedDirectories } = await this.#limit(() => this.#unpackInto(draft, request));
    if (impliedDirectories.length > 0) {
      const below = await Promise.all(request.below);
      inheritDirectories(rootOf(draft), impliedDirectories, { lowers: below.map(rootOf).toReversed() });
    }
    draft.publish(request.chainId);
  }

  async #unpackInto(draft: Draft, { stacked, onProgress, signal }: Request) {
    makeTreeRoot(rootOf(draft));
    return unpackReported(stacked, rootOf(draft), { ...this.#options, onProgress, signal, whiteouts: 'overlay' });
  }
}

const rootOf = ({ path }: { readonly path: string }) => join(path, 'fs');

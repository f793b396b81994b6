import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions, Digest, Layer, SystemCalls } from '@shale/core';
import { EMPTY_DIFF_ID, unpackLayer, writeLayer } from '@shale/core';
import type { CommitOptions, LayerStack, Snapshotter, TreeView, WorkingTree } from '../snapshotter.ts';
import { ChangeWriter } from './change-writer.ts';
import { writeCopyChanges } from './copy-changes.ts';
import { layerCompression } from './layer-compression.ts';
import type { Draft } from './snapshot-directory.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { topChainId } from './top-chain-id.ts';
import type { TreeScan } from './tree-scan.ts';
import { scanTree } from './tree-scan.ts';

export interface CopySnapshotterOptions {
  /** Absolute; trees are in `trees/` there. */
  readonly stateDir: string;
  readonly calls: SystemCalls | undefined;
}

/**
 * Keeps whole trees, for where nothing can be mounted. A step takes over its parent's tree when nobody else uses it, so
 * that a row of steps copies nothing; otherwise the layers are unpacked again. What changed is found by two looks at it.
 */
export function copySnapshotter({ stateDir, calls }: CopySnapshotterOptions): Snapshotter {
  return new CopySnapshotter(new SnapshotDirectory(join(stateDir, 'trees', 'copy-v1'), calls));
}

class CopySnapshotter implements Snapshotter {
  readonly name = 'copy';
  readonly #trees: SnapshotDirectory;
  /** What trees were like when they were committed: the next step need not look again. */
  readonly #scans = new Map<Digest, TreeScan>();

  constructor(trees: SnapshotDirectory) {
    this.#trees = trees;
  }

  async view(stack: LayerStack, options?: CallOptions): Promise<TreeView> {
    if (stack.length > 0) {
      const chainId = topChainId(stack.map(({ layer }) => layer));
      const lock = this.#trees.hold(chainId);
      if (lock !== undefined)
        return { path: treeOf(lock.path), [Symbol.asyncDispose]: async () => lock[Symbol.dispose]() };
    }
    const draft = await this.#unpack(stack, options);
    return { path: treeOf(draft.path), [Symbol.asyncDispose]: async () => draft[Symbol.dispose]() };
  }

  async prepare(stack: LayerStack, options?: CallOptions): Promise<WorkingTree> {
    const chainId = stack.length === 0 ? undefined : topChainId(stack.map(({ layer }) => layer));
    const claimed = chainId && this.#trees.claim(chainId);
    const draft = claimed ?? (await this.#unpack(stack, options));
    const path = treeOf(draft.path);
    const before = (claimed && chainId && this.#scans.get(chainId)) ?? scanTree(path);
    return {
      path,
      commit: (commit) => this.#commit({ stack, draft, before }, commit),
      [Symbol.asyncDispose]: async () => draft[Symbol.dispose](),
    };
  }

  async #commit(
    { stack, draft, before }: { readonly stack: LayerStack; readonly draft: Draft; readonly before: TreeScan },
    { store, compression, sourceDateEpoch, signal }: CommitOptions,
  ): Promise<Layer> {
    const root = treeOf(draft.path);
    const after = scanTree(root);
    const layer = await writeLayer(
      store,
      (tar) => writeCopyChanges({ before, after }, new ChangeWriter(tar, { root, sourceDateEpoch })),
      { compression: layerCompression(compression), signal },
    );
    const parents = stack.map((stacked) => stacked.layer);
    // a tree that did not change is still its parent's
    const layers = layer.diffId === EMPTY_DIFF_ID ? parents : [...parents, layer];
    if (layers.length > 0) {
      const chainId = topChainId(layers);
      this.#scans.set(chainId, after);
      draft.publish(chainId);
    }
    return layer;
  }

  async #unpack(stack: LayerStack, options?: CallOptions): Promise<Draft> {
    const draft = this.#trees.startDraft();
    try {
      const root = treeOf(draft.path);
      mkdirSync(root, { mode: 0o755 });
      chmodSync(root, 0o755);
      for (const { layer, blobs } of stack) {
        await unpackLayer(blobs.read(layer.descriptor, options), layer, root, { ...options, whiteouts: 'apply' });
      }
      return draft;
    } catch (error) {
      draft[Symbol.dispose]();
      throw error;
    }
  }
}

const treeOf = (directory: string) => join(directory, 'fs');

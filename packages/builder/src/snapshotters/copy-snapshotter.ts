import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Digest, Layer } from '@shale/core';
import type { SystemCalls } from '@shale/core/linux';
import { EMPTY_DIFF_ID } from '@shale/core';
import { hostPath, writeLayer } from '@shale/core/archive';
import type { CommitOptions, Snapshotter, TreeView, UnpackingOptions, WorkingTree } from './snapshotter.ts';
import type { PackingStack, LayerStack } from '../graph/layer-stack.ts';
import { packedStack } from '../graph/layer-stack.ts';
import { ChangeWriter } from './change-writer.ts';
import { touchedFiles, writeScanChanges } from './scan-changes.ts';
import type { DirectoryLock } from '../tree/directory-lock.ts';
import { layerCompression } from './layer-compression.ts';
import type { Draft } from './snapshot-directory.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { topChainId } from './top-chain-id.ts';
import { makeTreeRoot } from './tree-root.ts';
import type { TreeScan } from './tree-scan.ts';
import { isSameScan, scanTree } from './tree-scan.ts';
import { unchangedFiles } from './unchanged-files.ts';
import { unpackReported } from './unpack-reported.ts';

export interface CopySnapshotterOptions {
  /** Absolute; trees are in `trees/` there. */
  readonly stateDir: string;
  /** Without them locks are taken by the program `flock`. */
  readonly calls: SystemCalls | undefined;
  /**
   * Where steps can write to other trees than theirs: when that may have happened last, as `performance.now()`. A tree is
   * then used only if it is as it was left.
   */
  readonly lastIntrusionMs?: (() => number) | undefined;
}

/**
 * Keeps whole trees, for where nothing can be mounted. A step takes over its parent's tree when nobody else uses it, so
 * that a row of steps copies nothing; otherwise the layers are unpacked again. What changed is found by two looks at it.
 *
 * A file of several names stays one file here, and overlayfs parts it when one of its names is written to: only there do
 * the layers of the two snapshotters differ.
 */
export function copySnapshotter({ stateDir, calls, lastIntrusionMs }: CopySnapshotterOptions): Snapshotter {
  return new CopySnapshotter(new SnapshotDirectory(join(stateDir, 'trees', 'copy-v1'), calls), lastIntrusionMs);
}

/** A look at a committed tree, and at which: the same ChainID can be unpacked again. */
interface KnownScan {
  readonly ino: number;
  readonly scan: TreeScan;
  /** As `performance.now()`. */
  readonly atMs: number;
}

interface Work {
  readonly stack: LayerStack;
  readonly draft: Draft;
  readonly before: TreeScan;
  /** Inodes whose ctime says nothing. */
  readonly relinked: Set<number>;
}

/** Kernels before 6.13 date changes to their timer's last tick: two within one look like none. */
const TICK_MS = 20;

class CopySnapshotter implements Snapshotter {
  readonly name = 'copy';
  readonly #trees: SnapshotDirectory;
  /** So that the next step need not look again. */
  readonly #scans = new Map<Digest, KnownScan>();
  /** For views, which share a tree. */
  readonly #unpacking = new Map<Digest, Promise<Draft>>();

  readonly #lastIntrusionMs: (() => number) | undefined;

  constructor(trees: SnapshotDirectory, lastIntrusionMs: (() => number) | undefined) {
    this.#trees = trees;
    this.#lastIntrusionMs = lastIntrusionMs;
  }

  async view(packing: PackingStack, options?: UnpackingOptions): Promise<TreeView> {
    const stack = await packedStack(packing);
    const chainId = chainIdOf(stack);
    if (chainId === undefined) return this.#emptyView();
    const lock = await this.#hold(chainId, stack, options);
    return { path: treeOf(lock.path), [Symbol.asyncDispose]: async () => lock[Symbol.dispose]() };
  }

  #emptyView(): TreeView {
    const draft = this.#startDraft();
    return { path: treeOf(draft.path), [Symbol.asyncDispose]: async () => draft[Symbol.dispose]() };
  }

  async #hold(chainId: Digest, stack: LayerStack, options?: UnpackingOptions): Promise<DirectoryLock> {
    for (;;) {
      options?.signal?.throwIfAborted();
      this.#dropUnlessIntact(chainId);
      const lock = this.#trees.hold(chainId);
      if (lock !== undefined) return lock;
      const other = this.#unpacking.get(chainId);
      await (other?.catch(() => {}) ?? this.#publish(chainId, stack, options)); // another's failure is not ours
    }
  }

  async #publish(chainId: Digest, stack: LayerStack, options?: UnpackingOptions): Promise<void> {
    const unpacking = this.#unpack(stack, options);
    this.#unpacking.set(chainId, unpacking);
    try {
      using draft = await unpacking;
      if (this.#lastIntrusionMs !== undefined) this.#remember(chainId, treeOf(draft.path));
      draft.publish(chainId);
    } finally {
      this.#unpacking.delete(chainId);
    }
  }

  async prepare(packing: PackingStack, options?: UnpackingOptions): Promise<WorkingTree> {
    const stack = await packedStack(packing);
    options?.signal?.throwIfAborted();
    const chainId = chainIdOf(stack);
    if (chainId !== undefined) this.#dropUnlessIntact(chainId);
    const claimed = chainId && this.#trees.claim(chainId);
    const draft = claimed ?? (await this.#unpack(stack, options));
    const before = this.#takeScan(chainId, treeOf(draft.path)) ?? scanTree(treeOf(draft.path));
    if (Date.now() - before.newestMs < TICK_MS) await delay(TICK_MS);
    const relinked = new Set<number>();
    return {
      path: treeOf(draft.path),
      relinked: (paths) => void paths.forEach((path) => relinked.add(inodeAt(treeOf(draft.path), path))),
      commit: (commit) => this.#commit({ stack, draft, before, relinked }, commit),
      [Symbol.asyncDispose]: async () => draft[Symbol.dispose](),
    };
  }

  /** A tree that nobody has looked at in this process, or that was changed since, is no snapshot. */
  #dropUnlessIntact(chainId: Digest): void {
    const lastIntrusionMs = this.#lastIntrusionMs?.();
    const known = this.#scans.get(chainId);
    if (lastIntrusionMs === undefined || (known !== undefined && known.atMs > lastIntrusionMs)) return;
    const tree = treeOf(this.#trees.pathOf(chainId));
    if (lstatSync(tree, { throwIfNoEntry: false }) === undefined) return;
    const scan = known && scanTree(tree);
    if (known !== undefined && scan !== undefined && isSameScan(known.scan, scan))
      return void this.#remember(chainId, tree, scan);
    this.#scans.delete(chainId);
    this.#trees.claim(chainId)?.[Symbol.dispose]();
  }

  #remember(chainId: Digest, tree: string, scan: TreeScan = scanTree(tree)): void {
    this.#scans.set(chainId, { ino: lstatSync(tree).ino, scan, atMs: performance.now() });
  }

  #takeScan(chainId: Digest | undefined, tree: string): TreeScan | undefined {
    const known = chainId && this.#scans.get(chainId);
    if (chainId === undefined || known?.ino !== lstatSync(tree).ino) return undefined;
    this.#scans.delete(chainId);
    return known.scan;
  }

  async #commit({ stack, draft, before, relinked }: Work, options: CommitOptions): Promise<Layer> {
    const { store, compression, sourceDateEpoch, signal } = options;
    const root = treeOf(draft.path);
    const sides = { before, after: scanTree(root), relinked };
    const unchanged = await unchangedFiles(root, stack, await touchedFiles(sides), { signal });
    let isSettled = false;
    const layer = await writeLayer(
      store,
      async (tar) => {
        const writer = new ChangeWriter(tar, { root, sourceDateEpoch });
        await writeScanChanges(sides, unchanged, writer);
        isSettled = writer.settleTimes();
      },
      { compression: layerCompression(compression), signal },
    );
    // a tree that did not change is still its parent's
    const chainId = layer.diffId === EMPTY_DIFF_ID ? chainIdOf(stack) : chainIdOf([...stack, { layer, blobs: store }]);
    if (chainId !== undefined) {
      this.#remember(chainId, root, isSettled ? scanTree(root) : sides.after);
      draft.publish(chainId);
    }
    draft[Symbol.dispose]();
    return layer;
  }

  #startDraft(): Draft {
    const draft = this.#trees.startDraft();
    makeTreeRoot(treeOf(draft.path));
    return draft;
  }

  async #unpack(stack: LayerStack, options?: UnpackingOptions): Promise<Draft> {
    const draft = this.#startDraft();
    try {
      for (const stacked of stack)
        await unpackReported(stacked, treeOf(draft.path), { ...options, whiteouts: 'apply' });
      return draft;
    } catch (error) {
      draft[Symbol.dispose]();
      throw error;
    }
  }
}

const inodeAt = (tree: string, path: string) => lstatSync(hostPath(`${tree}/${path}`)).ino;

/** Of the layers that change something: a tree is the same without the others. */
function chainIdOf(stack: LayerStack): Digest | undefined {
  const layers = stack.map(({ layer }) => layer).filter(({ diffId }) => diffId !== EMPTY_DIFF_ID);
  return layers.length === 0 ? undefined : topChainId(layers);
}

const treeOf = (directory: string) => join(directory, 'fs');

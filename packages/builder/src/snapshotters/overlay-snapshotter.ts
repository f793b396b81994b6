import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Layer } from '@shale/core';
import type { SystemCalls } from '@shale/core/linux';
import { EMPTY_DIFF_ID } from '@shale/core';
import { writeLayer } from '@shale/core/archive';
import { UnmountFlag } from '@shale/core/linux';
import type { CommitOptions, Snapshotter, TreeView, WorkingTree, UnpackingOptions } from './snapshotter.ts';
import type { PackingStack } from '../graph/layer-stack.ts';
import { isPacking, packedStack } from '../graph/layer-stack.ts';
import { ChangeWriter } from './change-writer.ts';
import type { DirectoryLock } from '../tree/directory-lock.ts';
import { holdPackingStack, UnpackedPackingLayer } from './packing-layers.ts';
import { layerCompression } from './layer-compression.ts';
import { writeOverlayChanges } from './overlay-changes.ts';
import { mountOverlay } from './overlay-mount.ts';
import { SharedDraft } from './shared-draft.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { topChainId } from './top-chain-id.ts';
import { makeTreeRoot } from './tree-root.ts';
import { UnpackedLayers } from './unpacked-layers.ts';

export interface OverlaySnapshotterOptions {
  /** Absolute; snapshots are in `snapshots/` there. Its file system cannot be an overlay itself. */
  readonly stateDir: string;
  readonly calls: SystemCalls;
  /** Whether this process has its rights in a user namespace only. @default false */
  readonly isUserNamespace?: boolean | undefined;
}

/**
 * Keeps each layer as a directory and stacks them with overlayfs: what a step wrote is what it changed, and the next step
 * can start on it while it is packed. Needs the right to mount, and `enterPrivateMounts()` before.
 */
export function overlaySnapshotter(options: OverlaySnapshotterOptions): Snapshotter {
  const { stateDir, calls, isUserNamespace = false } = options;
  const format = isUserNamespace ? 'overlay-user-v1' : 'overlay-v1';
  const snapshots = new SnapshotDirectory(join(stateDir, 'snapshots', format), calls);
  const layers = new UnpackedLayers(snapshots, { overlayXattrs: isUserNamespace ? 'user' : 'trusted' });
  const open = async (stack: PackingStack, call?: UnpackingOptions) => {
    const held = await holdPackingStack(layers, stack, call);
    return new OverlayTree({ snapshots, calls, isUserNamespace, stack, held });
  };
  return {
    name: 'overlay',
    async view(stack, call) {
      const tree = await open(stack, call);
      return tree.mount((): TreeView => ({ path: tree.mountLower(), [Symbol.asyncDispose]: async () => tree.close() }));
    },
    async prepare(stack, call) {
      const tree = await open(stack, call);
      return tree.mount(
        (): WorkingTree => ({
          path: tree.mountMerged(),
          commit: (commit) => tree.commit(commit),
          [Symbol.asyncDispose]: () => tree.end(),
        }),
      );
    },
  };
}

interface OverlayTreeOptions {
  readonly snapshots: SnapshotDirectory;
  readonly calls: SystemCalls;
  readonly isUserNamespace: boolean;
  readonly stack: PackingStack;
  /** The stack's snapshots, from base to top. */
  readonly held: readonly DirectoryLock[];
}

/** The mounts over one stack, and the draft that they write to: `fs` with the changes, and overlayfs's own `work`. */
class OverlayTree {
  readonly #options: OverlayTreeOptions;
  readonly #draft: SharedDraft;
  readonly #directory: DirectoryLock;
  readonly #mounted: string[] = [];
  #published: Promise<void> | undefined;

  constructor(options: OverlayTreeOptions) {
    this.#options = options;
    this.#draft = new SharedDraft(options.snapshots.startDraft());
    this.#directory = this.#draft.use() as DirectoryLock;
  }

  #path(name: 'fs' | 'work' | 'merged' | 'above' | 'lower' | 'empty'): string {
    return join(this.#directory.path, name);
  }

  get #lowers(): string[] {
    return this.#options.held.map(({ path }) => join(path, 'fs')).toReversed();
  }

  /** Nothing stays mounted or held if `work` fails. */
  mount<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  mountLower(): string {
    makeTreeRoot(this.#path('empty')); // overlayfs takes no fewer than two
    if (this.#lowers.length === 0) return this.#path('empty');
    return this.#mount('lower', [...this.#lowers, this.#path('empty')]);
  }

  /** The changes alone are the tree when there is nothing below. */
  mountMerged(): string {
    const [top] = this.#lowers;
    makeTreeRoot(this.#path('fs'));
    if (top === undefined) return this.#path('fs');
    const { mode, uid, gid } = lstatSync(top);
    chmodSync(this.#path('fs'), mode & 0o7777);
    chownSync(this.#path('fs'), uid, gid);
    mkdirSync(this.#path('work'), { mode: 0o700 });
    return this.#mount('merged', this.#lowers, { directory: this.#path('fs'), work: this.#path('work') });
  }

  /** What `merged` was, to read from. */
  #mountAbove(): string {
    return this.#mount('above', [this.#path('fs'), ...this.#lowers]);
  }

  #mount(
    name: 'merged' | 'above' | 'lower',
    lowers: readonly string[],
    upper?: { readonly directory: string; readonly work: string },
  ): string {
    const target = this.#path(name);
    const { calls, isUserNamespace } = this.#options;
    mkdirSync(target, { mode: 0o755 });
    mountOverlay(calls, { target, lowers, upper, isUserNamespace });
    this.#mounted.push(target);
    return target;
  }

  async commit(options: CommitOptions): Promise<Layer> {
    const { store, sourceDateEpoch, onPacking } = options;
    this.#unmountAll(); // what was written is a layer from now on
    const packing = this.#pack(options);
    // on nothing, the root's own mode and owner are the tree's; clamped times are set while packing
    if (onPacking !== undefined && this.#options.stack.length > 0 && sourceDateEpoch === undefined) {
      const packed = packing.then((layer) => ({ layer, blobs: store }));
      onPacking(new UnpackedPackingLayer(packed, this.#draft));
    }
    const layer = await packing;
    if (layer.diffId === EMPTY_DIFF_ID) return layer;
    const publishing = this.#publish(layer);
    this.#published = publishing.catch(() => {}); // who commits what is below meets its failure
    if (!this.#options.stack.some(isPacking)) await publishing;
    return layer;
  }

  async #pack({ store, compression, sourceDateEpoch, signal }: CommitOptions): Promise<Layer> {
    const upper = this.#path('fs');
    const sides =
      this.#options.stack.length === 0
        ? { lower: undefined, upper, merged: upper }
        : { lower: this.mountLower(), upper, merged: this.#mountAbove() };
    return writeLayer(
      store,
      async (tar) => {
        const writer = new ChangeWriter(tar, { root: upper, sourceDateEpoch });
        await writeOverlayChanges(sides, writer);
        writer.settleTimes();
      },
      { compression: layerCompression(compression), signal },
    );
  }

  /** Its name is known when all below it is packed. */
  async #publish(layer: Layer): Promise<void> {
    const below = await packedStack(this.#options.stack);
    this.#unmountAll();
    for (const name of ['work', 'merged', 'above', 'lower', 'empty'] as const) {
      rmSync(this.#path(name), { recursive: true, force: true });
    }
    this.#draft.publish(topChainId([...below.map(({ layer }) => layer), layer]));
  }

  #unmountAll(): void {
    for (const target of this.#mounted.splice(0)) this.#options.calls.umount(target, UnmountFlag.detach);
  }

  async end(): Promise<void> {
    await this.#published;
    this.close();
  }

  close(): void {
    this.#unmountAll();
    this.#directory[Symbol.dispose]();
    for (const lock of this.#options.held) lock[Symbol.dispose]();
  }
}

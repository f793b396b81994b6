import type { CallOptions, Layer, LocalBlobStore, ProgressListener } from '@shale/core';
import type { PackingStack, PackingLayer } from '../graph/layer-stack.ts';

/** What a stack of layers looks like on disk. */
export interface TreeView extends AsyncDisposable {
  /** Absolute. Real files: symlinks in it are not to be followed from outside. */
  readonly path: string;
}

/** For what has to unpack layers. */
export interface UnpackingOptions extends CallOptions {
  /** Told of each layer that is unpacked, and of what of it cannot be kept here. */
  readonly onProgress?: ProgressListener | undefined;
}

export interface CommitOptions extends CallOptions {
  /** Where the new layer's blob goes. */
  readonly store: LocalBlobStore;
  readonly compression: LayerCompression;
  /** Clamps the times of changed files, in seconds since the epoch; `undefined` keeps them. */
  readonly sourceDateEpoch?: number | undefined;
  /** Told before the changes are packed, where others can build on the tree meanwhile. Not every snapshotter lets them. */
  readonly onPacking?: ((layer: PackingLayer) => void) | undefined;
}

export interface LayerCompression {
  readonly algorithm: 'gzip' | 'zstd' | 'none';
  /** gzip 0-9, zstd 1-19. @default 1 for gzip, 3 for zstd */
  readonly level?: number | undefined;
}

/** A private, writable tree on top of a stack. Disposed uncommitted, it is gone. */
export interface WorkingTree extends TreeView {
  /**
   * Packs what changed into a layer, and keeps the tree as the snapshot of the stack with that layer on top. Equal
   * changes give equal bytes, whatever the snapshotter. Nothing changed: the layer with `EMPTY_DIFF_ID`.
   */
  commit(options: CommitOptions): Promise<Layer>;
  /** Told before that: files that were renamed away and back, and not changed. See `RunProcessOptions`. */
  readonly relinked?: ((paths: ReadonlySet<string>) => void) | undefined;
}

/** Keeps unpacked layers on disk by ChainID, shares them between builds and processes, and tells what a step changed. */
export interface Snapshotter {
  /** Stable, for progress and `--isolation`: `overlay`, `copy`. */
  readonly name: string;
  /** A view to read from: the stages that COPY reads. Unpacks what is missing. */
  view(stack: PackingStack, options?: UnpackingOptions): Promise<TreeView>;
  /** A tree to change. Unpacks what is missing. */
  prepare(stack: PackingStack, options?: UnpackingOptions): Promise<WorkingTree>;
}

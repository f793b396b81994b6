import type { BlobSource, Layer } from '@shale/core';
import type { GraphNode } from './build-graph.ts';

/** A layer of a stack, and where to read it from if it is not unpacked yet. */
export interface StackedLayer {
  readonly layer: Layer;
  readonly blobs: BlobSource;
  /** The repository that is known to hold it, as `ImageStore.name`. */
  readonly home?: string | undefined;
}

/** Layers from base to top; `[]` is scratch. Its ChainID names the snapshot. */
export type LayerStack = readonly StackedLayer[];

/** A layer on its way: the snapshotter that gave it builds on its tree already. */
export interface PackingLayer {
  /** Rejects with what its `commit` does. */
  readonly packed: Promise<StackedLayer>;
}

/** Layers from base to top, packed or not yet. */
export type PackingStack = readonly (StackedLayer | PackingLayer)[];

export function isPacking(layer: StackedLayer | PackingLayer): layer is PackingLayer {
  return 'packed' in layer;
}

/** Waits until all layers are packed. */
export function packedStack(stack: PackingStack): Promise<LayerStack> {
  return Promise.all(stack.map((layer) => (isPacking(layer) ? layer.packed : layer)));
}

/** The layers of each node that the step reads. */
export type InputStacks = ReadonlyMap<GraphNode, PackingStack>;

import type { BlobSource, Layer } from '@shale/core';
import type { GraphNode } from './build-graph.ts';
import { chainOf } from './build-graph.ts';

/** A layer, and where its blob can be read if it must be unpacked. */
export interface StackedLayer {
  readonly layer: Layer;
  readonly blobs: BlobSource;
  /** The repository that is known to have the blob, as `ImageStore.name`. */
  readonly home?: string | undefined;
}

/** Layers from bottom to top; `[]` is scratch. The ChainID of a stack identifies its snapshot. */
export type LayerStack = readonly StackedLayer[];

/** A layer that is still being packed. The snapshotter that returned it can already build on its tree. */
export interface PackingLayer {
  /** Rejects with the error of its `commit`. */
  readonly packed: Promise<StackedLayer>;
}

/** Layers from bottom to top, some of which may still be packing. */
export type PackingStack = readonly (StackedLayer | PackingLayer)[];

export function isPacking(layer: StackedLayer | PackingLayer): layer is PackingLayer {
  return 'packed' in layer;
}

/** Waits until all layers are packed. */
export function packedStack(stack: PackingStack): Promise<LayerStack> {
  return Promise.all(stack.map((layer) => (isPacking(layer) ? layer.packed : layer)));
}

/** The layers of each node that a step reads. */
export type InputStacks = ReadonlyMap<GraphNode, PackingStack>;

/** The layers of the image that a node's stage starts from; `[]` for scratch. */
export function baseStack(node: GraphNode): LayerStack {
  const base = chainOf(node)[0]?.parent ?? node;
  if (base.kind !== 'base' || base.image === undefined) return [];
  const { layers, blobs } = base.image;
  return layers.map((layer) => ({ layer, blobs }));
}

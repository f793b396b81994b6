import type { PackingStack, LayerStack, PackingLayer, StackedLayer } from '../graph/layer-stack.ts';
import type { UnpackingOptions } from './snapshotter.ts';
import { isPacking, packedStack } from '../graph/layer-stack.ts';
import type { DirectoryLock } from '../tree/directory-lock.ts';
import type { SharedDraft } from './shared-draft.ts';
import type { UnpackedLayers } from './unpacked-layers.ts';

/** A layer that is being packed, and its directory. */
export class UnpackedPackingLayer implements PackingLayer {
  readonly packed: Promise<StackedLayer>;
  readonly draft: SharedDraft;

  constructor(packed: Promise<StackedLayer>, draft: SharedDraft) {
    this.packed = packed;
    this.draft = draft;
    packed.catch(() => {}); // whoever commits meets the failure
  }
}

/** Holds each layer of the stack, from base to top. Release them all. */
export async function holdPackingStack(
  layers: UnpackedLayers,
  stack: PackingStack,
  options?: UnpackingOptions,
): Promise<DirectoryLock[]> {
  const firstPacking = stack.findIndex(isPacking);
  const top = firstPacking < 0 ? [] : stack.slice(firstPacking).map(useDirectory);
  const used = top.filter((lock) => lock !== undefined);
  try {
    // one that is packed by now has its own snapshot, and so has all that is below and above it
    if (firstPacking >= 0 && used.length === top.length) {
      const below = await layers.hold(stack.slice(0, firstPacking) as LayerStack, options);
      return [...below, ...used.splice(0)];
    }
    return await layers.hold(await packedStack(stack), options);
  } finally {
    for (const lock of used) lock[Symbol.dispose]();
  }
}

function useDirectory(layer: StackedLayer | PackingLayer): DirectoryLock | undefined {
  return layer instanceof UnpackedPackingLayer ? layer.draft.use() : undefined;
}

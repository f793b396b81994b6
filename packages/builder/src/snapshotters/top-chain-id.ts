import type { Digest, Layer } from '@shale/core';
import { chainIds } from '@shale/core';

/** The ChainID of a stack that has at least one layer. */
export function topChainId(layers: readonly Layer[]): Digest {
  const top = chainIds(layers.map(({ diffId }) => diffId)).at(-1);
  if (top === undefined) throw new Error('A stack without layers has no ChainID');
  return top;
}

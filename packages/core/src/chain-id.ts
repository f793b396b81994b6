import type { Digest } from './digest.ts';
import { sha256 } from './digest.ts';

/**
 * Names every prefix of a layer stack: "these layers, applied in this order". Use it to key extracted snapshots;
 * a DiffID names one layer alone, a Digest its compressed bytes.
 *
 * @param diffIds DiffIDs from base to top, as in `ImageConfig.rootfs.diff_ids`.
 * @returns One ChainID a layer, in the same order; `[]` for `[]`. The first equals its DiffID.
 * @example
 * const top = chainIds(config.rootfs.diff_ids).at(-1);
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const ids: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = ids.at(-1);
    ids.push(parent === undefined ? diffId : sha256(`${parent} ${diffId}`));
  }
  return ids;
}

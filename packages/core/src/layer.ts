import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** One file-system change: its compressed bytes, and the DiffID that names it whatever the compression. */
export interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** The DiffID of a tar without entries (two zero blocks): the layer of a step that changed nothing. */
export const EMPTY_DIFF_ID: Digest = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

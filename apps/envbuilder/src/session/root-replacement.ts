import type { CallOptions } from '@shale/core';

export interface ReplaceRootOptions extends CallOptions {
  /** The absolute path of the new root file system. It is moved, so it is gone afterwards. */
  readonly tree: string;
  /** Absolute paths that keep their content. */
  readonly keep: readonly string[];
}

/** Replaces the root file system of the running container. */
export interface RootReplacement {
  /** Moves the tree into `/`, around mounts and kept paths. Fails outside a container. */
  replaceRoot(options: ReplaceRootOptions): Promise<void>;
}

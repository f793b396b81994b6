import type { CallOptions } from '@shale/core';

export interface ReplaceRootOptions extends CallOptions {
  /** Absolute: the finished root file system. It is moved, so it is gone afterwards. */
  readonly tree: string;
  /** Absolute paths that stay as they are, with everything below them. */
  readonly keep: readonly string[];
}

/** Makes a tree the root file system of the running container. */
export interface RootReplacement {
  /** Moves the tree into `/`, around mounts and what is kept. Refuses outside a container. */
  replaceRoot(options: ReplaceRootOptions): Promise<void>;
}

import { ArchiveInvalidError } from '../errors.ts';

/** Marks a name of a lower layer as removed. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts */
export const WHITEOUT_PREFIX = '.wh.';
/** Hides everything that lower layers have in the same directory. */
export const OPAQUE_MARKER = '.wh..wh..opq';
/** AUFS kept its own files under such names. They are not part of the tree. */
const AUFS_PREFIX = '.wh..wh.';

export type Whiteout = { readonly type: 'remove'; readonly name: string } | { readonly type: 'opaque' };

/**
 * Returns the whiteout that an entry of this name stands for; `undefined` for an ordinary name.
 * @throws {ArchiveInvalidError} for a whiteout of nothing, of the directory itself, or of its parent.
 */
export function parseWhiteout(name: string): Whiteout | 'ignored' | undefined {
  if (!name.startsWith(WHITEOUT_PREFIX)) return undefined;
  if (name === OPAQUE_MARKER) return { type: 'opaque' };
  if (name.startsWith(AUFS_PREFIX)) return 'ignored';
  const removed = name.slice(WHITEOUT_PREFIX.length);
  if (removed === '' || removed === '.' || removed === '..') {
    throw new ArchiveInvalidError(
      `The layer has a whiteout of ${JSON.stringify(removed)}, which is not the name of a file`,
    );
  }
  return { type: 'remove', name: removed };
}

import type { CallOptions } from '../call-options.ts';
import type { ArchiveLimits } from './archive-limits.ts';
import type { FileSystemCalls } from './file-system-calls.ts';

/**
 * What names that start with `.wh.` mean:
 * - `apply`: remove what exists; for a tree that holds the lower layers.
 * - `overlay`: write overlayfs's own marks; for an empty directory that becomes one layer of an overlay mount.
 * - `plain`: ordinary files; for archives that are no layers.
 */
export type WhiteoutMode = 'apply' | 'overlay' | 'plain';

export interface UnpackOptions extends CallOptions {
  readonly whiteouts: WhiteoutMode;
  /** Replaces the owner of every entry. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Attribute namespace of the overlay mount: `user` with its option `userxattr`. @default 'trusted' */
  readonly overlayXattrs?: 'trusted' | 'user' | undefined;
  readonly limits?: Partial<ArchiveLimits> | undefined;
  /** See `readTar`. @default 'required' */
  readonly endMarker?: 'required' | 'optional' | undefined;
  /** Called with the bytes of the archive read so far, at most once for each chunk. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Called for what this process may not set: owners, devices in a user namespace, attributes. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly fileSystem?: FileSystemCalls | undefined;
}

export interface UnpackReport {
  /**
   * Relative paths of directories that were made for their content, and that no entry described; outermost first. Over
   * lower layers they hide the real mode and owner: see `inheritDirectories`.
   */
  readonly impliedDirectories: readonly string[];
}

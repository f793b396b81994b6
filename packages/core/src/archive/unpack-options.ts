import type { CallOptions } from '../call-options.ts';
import type { ArchiveLimits } from './archive-limits.ts';
import type { FileSystemCalls } from './file-system-calls.ts';

/**
 * What names that start with `.wh.` mean:
 * - `apply`: remove what is there already; for a tree that holds the lower layers.
 * - `overlay`: write overlayfs's own marks; for an empty directory that becomes one layer of an overlay mount.
 * - `plain`: nothing; for archives that are no layers.
 */
export type WhiteoutMode = 'apply' | 'overlay' | 'plain';

export interface UnpackOptions extends CallOptions {
  readonly whiteouts: WhiteoutMode;
  /** Given to every entry instead of its own. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Attribute namespace of the overlay mount: `user` with its option `userxattr`. @default 'trusted' */
  readonly overlayXattrs?: 'trusted' | 'user' | undefined;
  readonly limits?: Partial<ArchiveLimits> | undefined;
  /** See `readTar`. @default 'required' */
  readonly endMarker?: 'required' | 'optional' | undefined;
  /** Called with the archive's bytes read so far, at most once a chunk. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** What could not be kept here: ownership without the right to give it, devices in a user namespace, attributes. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly fileSystem?: FileSystemCalls | undefined;
}

export interface UnpackReport {
  /**
   * Relative paths of directories that were made because something is in them, and that no entry described; outermost
   * first. Over lower layers they hide the real mode and owner: see `inheritDirectories`.
   */
  readonly impliedDirectories: readonly string[];
}

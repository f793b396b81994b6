export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/**
 * One member of an archive. In paths, a lone surrogate stands for a byte that is not UTF-8
 * (`decodePath`), so that every name survives a round trip and ordinary names are ordinary strings.
 */
export interface ArchiveEntry {
  /** Relative, parts joined by `/`, no `/` at the end even for a directory; `''` is the root itself. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /**
   * Modification time: whole seconds since the epoch, rounded down, and the nanoseconds after them (0 to 999,999,999).
   */
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Content length in bytes; 0 for everything but files. */
  readonly size: number;
  /** A symlink's text, or the path of the entry that a hard link names. */
  readonly linkPath?: string | undefined;
  readonly deviceMajor?: number | undefined;
  readonly deviceMinor?: number | undefined;
  /** By full name, as in `security.capability`. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined;
}

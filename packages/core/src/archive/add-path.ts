import type { BigIntStats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import type { ArchiveEntry, EntryType } from './archive-entry.ts';
import type { FileSystemCalls } from './file-system-calls.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { splitNanoseconds } from './file-time.ts';
import { decodePath, hostPath } from './path-bytes.ts';
import type { TarWriter } from './tar-writer.ts';
import { keptXattrs } from './xattr-policy.ts';

export interface AddPathOptions {
  /** Files with several names that were added so far, by device and inode. Use one map for the whole archive. */
  readonly hardLinks: Map<string, string>;
  /** Replaces the file's own owner. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Later modification times become this one, in seconds since the epoch (`SOURCE_DATE_EPOCH`). */
  readonly clampMtimeSeconds?: number | undefined;
  /** `second` drops the nanoseconds, which saves most files an extended header. @default 'nanosecond' */
  readonly timePrecision?: 'nanosecond' | 'second' | undefined;
  /** Whether file capabilities, access lists and `user.*` attributes are written. @default true */
  readonly xattrs?: boolean | undefined;
  readonly fileSystem?: FileSystemCalls | undefined;
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Writes one file, directory (without its content), link or device as it is on disk. A file whose inode was written
 * before under another name becomes a hard link to that name. Sockets are skipped. Paths are in the form of
 * `decodePath`. Await the result unless it is `undefined`.
 */
export function addPath(
  writer: TarWriter,
  path: string,
  nameInArchive: string,
  options: AddPathOptions,
): void | Promise<void> {
  const host = hostPath(path);
  const stats = lstatSync(host, { bigint: true });
  const type = typeOf(stats);
  if (type === undefined) return undefined;
  const linked = type === 'directory' || stats.nlink === 1n ? undefined : linkFor(stats, nameInArchive, options);
  const entry = describe(linked === undefined ? type : 'hardlink', stats, nameInArchive, options);
  if (linked !== undefined) return writer.entry({ ...entry, linkPath: linked });
  if (type === 'symlink') return writer.entry({ ...entry, linkPath: decodePath(readlinkSync(host, 'buffer')) });
  if (type === 'file' && stats.size > 0n) return addFile(writer, host, entry, options);
  return writer.entry(withXattrs(entry, host, options));
}

function addFile(
  writer: TarWriter,
  host: string | Buffer,
  entry: ArchiveEntry,
  options: AddPathOptions,
): void | Promise<void> {
  const fd = openSync(host, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  let wait: void | Promise<void>;
  try {
    wait = writer.entry(withXattrs(entry, host, options, fd), fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  if (wait) return wait.finally(() => closeSync(fd));
  closeSync(fd);
  return undefined;
}

function typeOf(stats: BigIntStats): EntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : undefined;
}

/** Returns the name under which the archive has this inode already; remembers `name` when it has none. */
function linkFor(stats: BigIntStats, name: string, { hardLinks }: AddPathOptions): string | undefined {
  const key = `${stats.dev}:${stats.ino}`;
  const first = hardLinks.get(key);
  if (first === undefined) hardLinks.set(key, name);
  return first;
}

function describe(type: EntryType, stats: BigIntStats, path: string, options: AddPathOptions): ArchiveEntry {
  const isDevice = type === 'character' || type === 'block';
  return {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: options.owner?.uid ?? Number(stats.uid),
    gid: options.owner?.gid ?? Number(stats.gid),
    ...timeOf(stats.mtimeNs, options),
    size: type === 'file' ? Number(stats.size) : 0,
    ...(isDevice && deviceOf(stats)),
  };
}

function timeOf(mtimeNs: bigint, options: AddPathOptions): { mtimeSeconds: number; mtimeNanoseconds: number } {
  const { seconds, nanoseconds } = splitNanoseconds(mtimeNs);
  const limit = options.clampMtimeSeconds;
  if (limit !== undefined && seconds >= limit) return { mtimeSeconds: limit, mtimeNanoseconds: 0 };
  return { mtimeSeconds: seconds, mtimeNanoseconds: options.timePrecision === 'second' ? 0 : nanoseconds };
}

function deviceOf({ rdev }: BigIntStats): { deviceMajor: number; deviceMinor: number } {
  const [deviceMajor, deviceMinor] = deviceNumbers(rdev);
  return { deviceMajor, deviceMinor };
}

/** glibc's `major` and `minor`. */
export function deviceNumbers(rdev: bigint): [major: number, minor: number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

function withXattrs(entry: ArchiveEntry, host: string | Buffer, options: AddPathOptions, fd?: number): ArchiveEntry {
  if (options.xattrs === false) return entry;
  const found = (options.fileSystem ?? fileSystemCalls()).getXattrs(host, fd);
  if (found.size === 0) return entry;
  const kept = keptXattrs(found);
  return kept.length === 0 ? entry : { ...entry, xattrs: new Map(kept) };
}

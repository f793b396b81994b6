import type { Stats } from 'node:fs';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { realpath } from 'node:fs/promises';
import { messageOf } from '../message-of.ts';
import { ArchiveInvalidError } from '../errors.ts';
import { FileType } from '../linux/flags.ts';
import { noSpace } from '../files/no-space.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { DirectoryMetadata } from './directory-metadata.ts';
import type { FileSystemCalls } from './file-system-calls.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { Ownership } from './ownership.ts';
import { hostPath } from './path-bytes.ts';
import type { ScopedDirectory } from './scoped-tree.ts';
import { ScopedTree, splitEntryPath } from './scoped-tree.ts';
import type { ArchiveVisitor } from './tar-reader.ts';
import { readTar } from './tar-reader.ts';
import type { UnpackOptions, UnpackReport } from './unpack-options.ts';
import type { Whiteout } from './whiteout.ts';
import { parseWhiteout } from './whiteout.ts';
import { keptXattrs } from './xattr-policy.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const SPECIAL_BITS = 0o7000;

/**
 * Unpacks an archive into a directory, and never touches anything outside of it. Symlinks are kept as they are and
 * followed only within the directory; a name with `..` is an error. Times of directories are set last.
 * @throws {ArchiveEscapeError} @throws {ArchiveInvalidError} @throws {ArchiveLimitError} @throws {NoSpaceError}
 * After an error the tree is in an unknown state: unpack into a fresh one.
 * @example
 * await unpackTar(createReadStream('layer.tar'), '/tmp/root', { whiteouts: 'apply' });
 */
export async function unpackTar(
  source: AsyncIterable<Uint8Array>,
  root: string,
  options: UnpackOptions,
): Promise<UnpackReport> {
  const unpacker = new TreeUnpacker(await realpath(root), options);
  try {
    await readTar(counted(source, options), unpacker, options);
    return unpacker.finish();
  } catch (error) {
    unpacker.abandon();
    return noSpace(root)(error);
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, options: UnpackOptions): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    options.signal?.throwIfAborted();
    bytes += chunk.byteLength;
    yield chunk;
    options.onBytes?.(bytes);
  }
}

class TreeUnpacker implements ArchiveVisitor {
  readonly #tree: ScopedTree;
  readonly #options: UnpackOptions;
  readonly #calls: FileSystemCalls;
  readonly #directories: DirectoryMetadata;
  readonly #ownership: Ownership;
  readonly #umask: number = process.umask();
  #entry: ArchiveEntry | undefined;
  #path = '';
  #fd = -1;
  #mustChown = false;

  constructor(root: string, options: UnpackOptions) {
    this.#options = options;
    this.#calls = options.fileSystem ?? fileSystemCalls();
    this.#ownership = new Ownership(options.onWarning);
    this.#directories = new DirectoryMetadata(this.#calls);
    this.#tree = new ScopedTree(root, {
      onImplicitDirectory: (path) => this.#directories.imply(path, this.#entry),
      onExistingDirectory: (path) => options.whiteouts === 'apply' && this.#directories.keep(path),
      onRemovedDirectory: (path) => this.#directories.forget(path),
    });
  }

  entry(entry: ArchiveEntry): void {
    this.#entry = entry;
    this.#fd = -1;
    if (entry.path === '') return this.#rootEntry(entry);
    const { parent, name } = splitEntryPath(entry.path);
    if (this.#options.whiteouts !== 'plain' && this.#isWhiteout(parent, name)) return undefined;
    const directory = this.#tree.makeDirectory(parent);
    this.#path = directory.pathOf(name);
    this.#mustChown = directory.isSetgid;
    this.#make(directory, name, entry);
    directory.placed?.add(name);
    return undefined;
  }

  content(piece: Buffer): void {
    if (this.#fd < 0) return;
    for (let at = 0; at < piece.byteLength; ) at += writeSync(this.#fd, piece, at, piece.byteLength - at);
  }

  end(): void {
    const [fd, entry] = [this.#fd, this.#entry];
    if (fd < 0 || entry === undefined) return;
    this.#ownership.apply(entry, this.#mustChown, this.#options.owner, (uid, gid) => fchownSync(fd, uid, gid));
    if (entry.mode & (SPECIAL_BITS | this.#umask)) fchmodSync(fd, entry.mode);
    this.#setXattrs(entry);
    if (entry.mtimeNanoseconds === 0) futimesSync(fd, entry.mtimeSeconds, entry.mtimeSeconds);
    else this.#calls.setTimes(hostPath(this.#path), entry.mtimeSeconds, entry.mtimeNanoseconds);
    this.#fd = -1;
    closeSync(fd);
  }

  finish(): UnpackReport {
    this.#directories.apply();
    const { length } = this.#tree.root.path === '/' ? '' : this.#tree.root.path;
    return { impliedDirectories: this.#directories.implied.map((path) => path.slice(length + 1)) };
  }

  abandon(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Returns whether the entry was a whiteout, which is then handled. */
  #isWhiteout(parent: string, name: string): boolean {
    const whiteout = parseWhiteout(name);
    if (whiteout === undefined) return false;
    if (whiteout === 'ignored') return true;
    if (this.#options.whiteouts === 'overlay') this.#markOverlay(this.#tree.makeDirectory(parent), whiteout);
    else this.#removeOlder(this.#tree.findDirectory(parent), whiteout);
    return true;
  }

  #removeOlder(directory: ScopedDirectory | undefined, whiteout: Whiteout): void {
    if (directory?.placed === undefined) return; // everything in it is from this layer
    if (whiteout.type === 'opaque') this.#tree.removeOlder(directory);
    else if (directory.placed.has(whiteout.name)) this.#tree.removeOlderAt(directory, whiteout.name);
    else this.#tree.remove(directory, whiteout.name);
  }

  /** @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories */
  #markOverlay(directory: ScopedDirectory, whiteout: Whiteout): void {
    if (whiteout.type === 'opaque') return this.#markOpaque(directory.path);
    const path = directory.pathOf(whiteout.name);
    const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
    if (stats?.isDirectory()) return this.#markOpaque(path);
    if (stats === undefined) this.#calls.makeNode(hostPath(path), FileType.character, 0, 0);
    return undefined;
  }

  #markOpaque(path: string): void {
    const name = `${this.#options.overlayXattrs ?? 'trusted'}.overlay.opaque`;
    this.#calls.setXattr(hostPath(path), name, Buffer.from('y'));
  }

  #rootEntry(entry: ArchiveEntry): void {
    if (entry.type !== 'directory') throw new ArchiveInvalidError('The archive replaces its root by a file');
    if (this.#options.whiteouts === 'plain') return;
    this.#path = this.#tree.root.path;
    this.#mustChown = true;
    this.#directoryMetadata(entry);
  }

  #make(directory: ScopedDirectory, name: string, entry: ArchiveEntry): void {
    if (entry.type === 'directory') return this.#makeDirectory(directory, name, entry);
    try {
      this.#create(entry);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (entry.type === 'hardlink' && this.#isLinked(entry)) return undefined;
      this.#tree.remove(directory, name);
      this.#create(entry);
    }
    return undefined;
  }

  #create(entry: ArchiveEntry): void {
    const path = hostPath(this.#path);
    switch (entry.type) {
      case 'file':
        this.#fd = openSync(path, NEW_FILE, entry.mode & 0o777);
        return undefined;
      case 'symlink':
        symlinkSync(hostPath(entry.linkPath ?? ''), path);
        return this.#finishNode(entry);
      case 'hardlink':
        return linkSync(hostPath(this.#linkTarget(entry)), path);
      default:
        return this.#makeDevice(entry);
    }
  }

  /** `link()` does not follow a symlink as its last part, and the parts before it are resolved within the tree. */
  #linkTarget(entry: ArchiveEntry): string {
    const { parent, name } = splitEntryPath((entry.linkPath ?? '').replace(/^\/+/, ''));
    const directory = this.#tree.findDirectory(parent);
    const target = name === '' || name === '.' ? undefined : directory?.pathOf(name);
    if (target === undefined || !isLinkable(target)) {
      throw new ArchiveInvalidError(
        `The archive links ${JSON.stringify(entry.path)} to ${JSON.stringify(entry.linkPath)}, which is not a file of it`,
      );
    }
    return target;
  }

  /** Whether the link exists already. Removing it first could remove its own target. */
  #isLinked(entry: ArchiveEntry): boolean {
    const [a, b] = [lstatSync(hostPath(this.#linkTarget(entry))), lstatSync(hostPath(this.#path))];
    return a.ino === b.ino && a.dev === b.dev;
  }

  #makeDevice(entry: ArchiveEntry): void {
    const type = FileType[entry.type as 'character' | 'block' | 'fifo'];
    try {
      this.#calls.makeNode(hostPath(this.#path), type | entry.mode, entry.deviceMajor ?? 0, entry.deviceMinor ?? 0);
    } catch (error) {
      const isDenied = (error as NodeJS.ErrnoException).code === 'EPERM' && entry.type !== 'fifo';
      if (!isDenied) throw error;
      this.#options.onWarning?.(`Devices cannot be made here: ${JSON.stringify(entry.path)} is left out`);
      return;
    }
    this.#finishNode(entry);
  }

  /** Sets the metadata of entries that cannot be opened. A symlink has no mode of its own. */
  #finishNode(entry: ArchiveEntry): void {
    const path = hostPath(this.#path);
    this.#ownership.apply(entry, this.#mustChown, this.#options.owner, (uid, gid) => lchownSync(path, uid, gid));
    if (entry.type !== 'symlink' && entry.mode & (SPECIAL_BITS | this.#umask)) chmodSync(path, entry.mode);
    this.#setXattrs(entry);
    this.#calls.setTimes(path, entry.mtimeSeconds, entry.mtimeNanoseconds);
  }

  #makeDirectory(parent: ScopedDirectory, name: string, entry: ArchiveEntry): void {
    const path = hostPath(this.#path);
    const stats = parent.children.has(name) ? lstatSync(path) : this.#tryMakeDirectory(path);
    if (stats === undefined) {
      this.#tree.adopt(parent, name);
      return this.#directoryMetadata(entry);
    }
    if (stats.isDirectory()) {
      this.#tree.reuse(parent, name, stats);
      this.#mustChown = true;
      return this.#directoryMetadata(entry);
    }
    this.#tree.remove(parent, name);
    mkdirSync(path, 0o700);
    this.#tree.adopt(parent, name);
    if (this.#options.whiteouts === 'overlay' && isOverlayWhiteout(stats)) this.#markOpaque(this.#path);
    return this.#directoryMetadata(entry);
  }

  /** Returns `undefined` when the directory was made, else what exists in its place. */
  #tryMakeDirectory(path: string | Buffer): Stats | undefined {
    try {
      mkdirSync(path, 0o700);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return lstatSync(path);
    }
  }

  #directoryMetadata(entry: ArchiveEntry): void {
    const path = hostPath(this.#path);
    this.#ownership.apply(entry, this.#mustChown, this.#options.owner, (uid, gid) => lchownSync(path, uid, gid));
    this.#setXattrs(entry);
    this.#directories.set(this.#path, entry);
  }

  #setXattrs(entry: ArchiveEntry): void {
    if (entry.xattrs === undefined) return;
    for (const [name, value] of keptXattrs(entry.xattrs)) {
      try {
        this.#calls.setXattr(hostPath(this.#path), name, value);
      } catch (error) {
        this.#options.onWarning?.(`${JSON.stringify(entry.path)} loses ${name}: ${messageOf(error)}`);
      }
    }
  }
}

function isLinkable(path: string): boolean {
  const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
  return stats !== undefined && !stats.isDirectory();
}

const isOverlayWhiteout = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0;

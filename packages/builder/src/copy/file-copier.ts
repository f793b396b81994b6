import type { BigIntStats, Stats } from 'node:fs';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { deviceNumbers, fileSystemCalls, hostPath } from '@shale/core/archive';
import type { ModeChange } from '@shale/dockerfile-parser';
import { copyAttributes, decidesOnModes } from '../tree/attributes.ts';
import { exactStats, setTime } from '../tree/exact-time.ts';
import { PathConflictError, shownPath } from '../tree/make-directory.ts';
import type { WalkEntry } from './walk.ts';

export interface FileCopierOptions {
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly change: ModeChange | undefined;
  readonly onWarning: ((message: string) => void) | undefined;
}

/** The part of an entry that copying needs. */
type Original = Pick<WalkEntry, 'host' | 'stats'>;

/** Files up to this size are copied through one reused buffer: it takes fewer system calls than a copy by the kernel. */
const SMALL_FILE_BYTES = 256 * 1024;
/** Larger files are copied by the kernel, asynchronously. */
const HUGE_FILE_BYTES = 16 * 1024 * 1024;
const buffer = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const FILE_TYPE = 0o170000;
const SETGID = 0o2000;
const SPECIAL_BITS = 0o7000;

/** Copies one source into a tree, with owners, modes, times and attributes. Metadata of directories is set at the end. */
export class FileCopier {
  readonly #tree: string;
  readonly #options: FileCopierOptions;
  readonly #umask = process.umask();
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #gid = process.getegid?.() ?? 0;
  /** The first copies of files with several names, by device and inode. */
  readonly #links = new Map<string, string>();
  readonly #unfinished: (() => void)[] = [];
  /** A setgid directory may give its group to new files. */
  #inheritsGroup = false;
  /** A default access list may change the modes of new files. */
  #inheritsMode = false;

  constructor(tree: string, options: FileCopierOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  /** @param directory The host path of the directory that receives the copies. */
  start(directory: string): void {
    this.#noticeDirectory(directory, lstatSync(hostPath(directory)));
  }

  /** Returns a promise only for a huge file, which is copied asynchronously. */
  copy({ host, stats, isParent }: WalkEntry, to: string): Promise<void> | undefined {
    const original = { host, stats };
    if (stats.isFile()) return this.#copyFile(original, to);
    if (stats.isDirectory()) this.#copyDirectory(original, to, isParent);
    else if (stats.isSymbolicLink()) this.#copySymlink(original, to);
    else this.#copySpecial(original, to);
    return undefined;
  }

  /** Copies the time of a source directory to the destination, and nothing else. */
  keepTime(host: string, to: string): void {
    this.#unfinished.push(() => setTime(to, exactStats(host)));
  }

  /** Sets the metadata of directories, last: new children change its time, and its mode may forbid them. */
  finish(): void {
    for (const finish of this.#unfinished.reverse()) finish();
    this.#unfinished.length = 0;
  }

  #copyDirectory(original: Original, to: string, isParent: boolean): void {
    const isNew = this.#makeDirectory(to);
    // to an existing directory, a mere parent gives its mode and nothing else
    if (isParent && !isNew) this.#unfinished.push(() => chmodSync(hostPath(to), original.stats.mode & 0o7777));
    else this.#unfinished.push(() => this.#finishNode(original, to, true));
  }

  #makeDirectory(to: string): boolean {
    try {
      mkdirSync(hostPath(to), { mode: 0o700 });
      return true;
    } catch (error) {
      if (!isExisting(error)) throw error;
      const present = lstatSync(hostPath(to));
      if (!present.isDirectory()) throw new PathConflictError(`cannot copy to non-directory: ${this.#shown(to)}`);
      this.#noticeDirectory(to, present);
      return false;
    }
  }

  #noticeDirectory(host: string, { mode }: Stats): void {
    if ((mode & SETGID) !== 0) this.#inheritsGroup = true;
    if (decidesOnModes(host)) this.#inheritsMode = true;
  }

  #copySymlink(original: Original, to: string): void {
    const target = readlinkSync(hostPath(original.host), { encoding: 'buffer' });
    this.#create(to, () => symlinkSync(target, hostPath(to)));
    this.#setOwner(original.stats, to);
    setTime(to, exactStats(original.host));
  }

  #copyFile(original: Original, to: string): Promise<void> | undefined {
    const first = original.stats.nlink > 1 ? this.#firstCopy(original.stats, to) : undefined;
    if (first !== undefined) this.#create(to, () => linkSync(hostPath(first), hostPath(to)));
    else if (original.stats.size > HUGE_FILE_BYTES) return this.#copyHuge(original, to);
    else this.#copyContent(original, to);
    return undefined;
  }

  async #copyHuge(original: Original, to: string): Promise<void> {
    this.#create(to, () => closeSync(openSync(hostPath(to), NEW_FILE, 0o600)));
    await copyFile(hostPath(original.host), hostPath(to), COPYFILE_FICLONE);
    const source = this.#open(original.host);
    try {
      const exact = exactFile(original.host, source);
      this.#finishFile(original, to, { source, hasMode: false });
      setTime(to, exact);
    } finally {
      closeSync(source);
    }
  }

  #copyContent(original: Original, to: string): void {
    const source = this.#open(original.host);
    try {
      const exact = exactFile(original.host, source);
      const isSmall = original.stats.size <= SMALL_FILE_BYTES;
      if (isSmall) this.#copySmall(source, to, this.#modeOf(original.stats), exact);
      else
        this.#create(to, () => copyFileSync(hostPath(original.host), hostPath(to), COPYFILE_FICLONE | COPYFILE_EXCL));
      this.#finishFile(original, to, { source, hasMode: isSmall && !this.#inheritsMode });
      if (!isSmall) setTime(to, exact);
    } finally {
      closeSync(source);
    }
  }

  #open(host: string): number {
    return openSync(hostPath(host), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }

  #finishFile(original: Original, to: string, { source, hasMode }: { source: number; hasMode: boolean }): void {
    const mode = this.#modeOf(original.stats);
    this.#setOwner(original.stats, to);
    // after chown, which clears special bits
    if (!hasMode || (mode & (SPECIAL_BITS | this.#umask)) !== 0) chmodSync(hostPath(to), mode);
    this.#copyAttributes(original.host, to, source);
  }

  /** The copy of the same file under another name; `undefined`, and remembers `to`, for the first name. */
  #firstCopy({ dev, ino }: Stats, to: string): string | undefined {
    const key = `${dev}:${ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, to);
    return first;
  }

  #copySmall(source: number, to: string, mode: number, exact: BigIntStats): void {
    const target = this.#create(to, () => openSync(hostPath(to), NEW_FILE, mode & 0o777));
    try {
      let read: number;
      do {
        read = readSync(source, buffer);
        for (let written = 0; written < read; ) written += writeSync(target, buffer, written, read - written);
      } while (read === buffer.byteLength); // a short read is the end
      setTime(to, exact, target);
    } finally {
      closeSync(target);
    }
  }

  /** Copies devices and fifos. A socket, which has no meaning in an image, becomes an empty file. */
  #copySpecial(original: Original, to: string): void {
    const { mode, rdev } = original.stats;
    const path = hostPath(to);
    try {
      this.#create(to, () => {
        if (original.stats.isSocket()) closeSync(openSync(path, NEW_FILE, 0o600));
        else fileSystemCalls().makeNode(path, (mode & FILE_TYPE) | 0o600, ...deviceNumbers(BigInt(rdev)));
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
      this.#options.onWarning?.(`Devices cannot be made here: ${this.#shown(to)} is left out`);
      return;
    }
    this.#finishNode(original, to, false);
  }

  #finishNode(original: Original, to: string, hasAttributes: boolean): void {
    lchownSync(hostPath(to), ...this.#ownerOf(original.stats));
    chmodSync(hostPath(to), this.#modeOf(original.stats));
    if (hasAttributes) this.#copyAttributes(original.host, to);
    setTime(to, exactStats(original.host));
  }

  /** Calls `make`, and removes an existing file first if there is one. */
  #create<Result>(to: string, make: () => Result): Result {
    try {
      return make();
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    if (lstatSync(hostPath(to)).isDirectory())
      throw new PathConflictError(`cannot replace to directory ${this.#shown(to)} with file`);
    unlinkSync(hostPath(to));
    return make();
  }

  /** Calls chown only if a new file does not already have the owner. */
  #setOwner(stats: Stats, to: string): void {
    const [uid, gid] = this.#ownerOf(stats);
    if (uid !== this.#uid || gid !== this.#gid || this.#inheritsGroup) lchownSync(hostPath(to), uid, gid);
  }

  #ownerOf({ uid, gid }: Stats): readonly [uid: number, gid: number] {
    const { owner } = this.#options;
    return owner === undefined ? [uid, gid] : [owner.uid, owner.gid];
  }

  #modeOf(stats: Stats): number {
    const mode = stats.mode & 0o7777;
    return this.#options.change?.(mode, stats.isDirectory()) ?? mode;
  }

  /** Call it after chown, which removes capabilities, and after chmod, which changes an access list. */
  #copyAttributes(from: string, to: string, fd?: number): void {
    const onRefused = (name: string, { message }: Error) =>
      this.#options.onWarning?.(`${this.#shown(to)} loses ${name}: ${message}`);
    copyAttributes(from, to, { fd, onRefused });
  }

  #shown(to: string): string {
    return shownPath(this.#tree, to);
  }
}

function exactFile(host: string, fd: number): BigIntStats {
  const exact = fstatSync(fd, { bigint: true });
  if (!exact.isFile()) throw new PathConflictError(`${host} changed while it was copied`);
  return exact;
}

const isExisting = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EEXIST';

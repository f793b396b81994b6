import type { Stats } from 'node:fs';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
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
import { fileSystemCalls, hostPath, keptXattrs } from '@shale/core';
import type { CopyTreeOptions } from './copy-tree.ts';

/** Files up to this size go through one reused buffer: a system call less than the kernel's copy. */
const SMALL_FILE_BYTES = 256 * 1024;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY, COPYFILE_FICLONE } = constants;
const FILE_TYPE = 0o170000;

/** Copies one thing at a time, with owner, mode, attributes and time. Directories get their times at the end. */
export class FileCopier {
  readonly #options: CopyTreeOptions;
  readonly #calls = fileSystemCalls();
  readonly #buffer = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);
  /** Of files with several names: where the first was copied to, by device and inode. */
  readonly #links = new Map<string, string>();
  readonly #directoryTimes: (readonly [to: string, mtimeNs: bigint])[] = [];

  constructor(options: CopyTreeOptions) {
    this.#options = options;
  }

  copy(from: string, to: string, stats: Stats, existing: Stats | undefined): void {
    if (stats.isDirectory()) return this.#copyDirectory(from, to, stats, existing);
    if (existing !== undefined) unlinkSync(hostPath(to));
    if (stats.isSymbolicLink()) return this.#copySymlink(from, to, stats);
    if (stats.nlink > 1 && this.#linked(to, stats)) return undefined;
    if (stats.isFile()) return this.#copyFile(from, to, stats);
    return this.#copySpecial(to, stats);
  }

  /** A directory that stands for one of the source's: its metadata is the source's. */
  keepMetadata(from: string, to: string, stats: Stats): void {
    this.#finishDirectory(from, to, stats);
  }

  keepTime(to: string, _stats: Stats, from: string): void {
    this.#directoryTimes.push([to, mtimeOf(from)]);
  }

  /** Children change the times of their directories: those are set last, deepest first. */
  finish(): void {
    for (const [to, mtimeNs] of this.#directoryTimes.reverse()) this.#setTime(to, mtimeNs);
    this.#directoryTimes.length = 0;
  }

  #copyDirectory(from: string, to: string, stats: Stats, existing: Stats | undefined): void {
    if (existing === undefined) mkdirSync(hostPath(to), { mode: 0o700 });
    this.#finishDirectory(from, to, stats);
  }

  #finishDirectory(from: string, to: string, stats: Stats): void {
    const { uid, gid } = this.#ownerOf(stats);
    const present = lstatSync(hostPath(to));
    if (present.uid !== uid || present.gid !== gid) lchownSync(hostPath(to), uid, gid);
    chmodSync(hostPath(to), this.#modeOf(stats));
    this.#copyXattrs(from, to);
    this.#directoryTimes.push([to, mtimeOf(from)]);
  }

  #copySymlink(from: string, to: string, stats: Stats): void {
    symlinkSync(readlinkSync(hostPath(from), { encoding: 'buffer' }), hostPath(to));
    const { uid, gid } = this.#ownerOf(stats);
    if (uid !== process.geteuid?.() || gid !== process.getegid?.()) lchownSync(hostPath(to), uid, gid);
    this.#setTime(to, mtimeOf(from));
  }

  #linked(to: string, { dev, ino }: Stats): boolean {
    const key = `${dev}:${ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, to);
    else linkSync(hostPath(first), hostPath(to));
    return first !== undefined;
  }

  #copyFile(from: string, to: string, stats: Stats): void {
    if (stats.size > SMALL_FILE_BYTES)
      copyFileSync(hostPath(from), hostPath(to), COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const target = openSync(
      hostPath(to),
      stats.size > SMALL_FILE_BYTES ? O_WRONLY | O_NOFOLLOW : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
      0o600,
    );
    try {
      const source = openSync(hostPath(from), O_RDONLY | O_NOFOLLOW);
      try {
        if (stats.size <= SMALL_FILE_BYTES) this.#copyContent(source, target);
        this.#copyXattrs(from, to, source);
      } finally {
        closeSync(source);
      }
      const { uid, gid } = this.#ownerOf(stats);
      if (uid !== process.geteuid?.() || gid !== process.getegid?.()) fchownSync(target, uid, gid);
      fchmodSync(target, this.#modeOf(stats)); // after the owner: changing that takes setuid bits away
    } finally {
      closeSync(target);
    }
    this.#setTime(to, mtimeOf(from));
  }

  #copyContent(source: number, target: number): void {
    for (let read = readSync(source, this.#buffer); read > 0; read = readSync(source, this.#buffer)) {
      for (let written = 0; written < read; ) written += writeSync(target, this.#buffer, written, read - written);
    }
  }

  /** Devices and fifos as they are; a socket, which means nothing in an image, as an empty file. */
  #copySpecial(to: string, stats: Stats): void {
    if (stats.isSocket()) closeSync(openSync(hostPath(to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    else this.#calls.makeNode(hostPath(to), (stats.mode & FILE_TYPE) | 0o600, major(stats.rdev), minor(stats.rdev));
    const { uid, gid } = this.#ownerOf(stats);
    lchownSync(hostPath(to), uid, gid);
    chmodSync(hostPath(to), this.#modeOf(stats));
  }

  #copyXattrs(from: string, to: string, fd?: number): void {
    const found = this.#calls.getXattrs(hostPath(from), fd);
    if (found.size === 0) return;
    for (const [name, value] of keptXattrs(found)) this.#calls.setXattr(hostPath(to), name, value);
  }

  #ownerOf({ uid, gid }: Stats): { readonly uid: number; readonly gid: number } {
    return this.#options.owner ?? { uid, gid };
  }

  #modeOf(stats: Stats): number {
    const mode = stats.mode & 0o7777;
    return this.#options.chmod?.(mode, stats.isDirectory()) ?? mode;
  }

  #setTime(to: string, mtimeNs: bigint): void {
    const nanoseconds = mtimeNs % 1_000_000_000n;
    this.#calls.setTimes(hostPath(to), Number((mtimeNs - nanoseconds) / 1_000_000_000n), Number(nanoseconds));
  }
}

/** To the nanosecond: a double does not hold it. */
function mtimeOf(path: string): bigint {
  return lstatSync(hostPath(path), { bigint: true }).mtimeNs;
}

const major = (rdev: number) => (rdev >> 8) & 0xfff;
const minor = (rdev: number) => (rdev & 0xff) | ((rdev >> 12) & 0xfff00);

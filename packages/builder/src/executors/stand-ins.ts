import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  chmodSync,
  chownSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  fchmodSync,
  readdirSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { applyMetadata } from '../tree/apply-metadata.ts';
import { directoryAt, DirectoryTimes } from '../tree/directory-times.ts';
import { makeInTree, resolveInTree } from '../tree/scoped-path.ts';
import { removeTree } from '../tree/remove-tree.ts';

/** Runs after the step, while the stand-ins are still there. */
type TakeBack = () => void | Promise<void>;

const newMark = () => `aside-${randomBytes(6).toString('hex')}`;

/**
 * Stand-ins for mounts: puts files into a step's tree and removes them after it. What the image has in their place is put aside
 * meanwhile, and stands there again when this is disposed. What the step put in their place stays; nothing outside of the
 * tree is touched.
 */
export class StandIns implements AsyncDisposable {
  readonly #root: string;
  readonly #newAside: () => string;
  readonly #times: DirectoryTimes;
  readonly #early: TakeBack[] = [];
  readonly #late: (() => void)[] = [];

  /** @param newAside Names places outside of the tree, on its file system. @default beside the tree */
  constructor(root: string, newAside: () => string = () => `${root}.${newMark()}`) {
    this.#root = root;
    this.#newAside = newAside;
    this.#times = new DirectoryTimes(root);
  }

  /** Makes an empty directory at `target`, and returns its path. */
  directory(target: string, mode: number, owner: Pick<Stats, 'uid' | 'gid'>): string {
    const path = makeInTree(this.#root, target, 'directory');
    if (readdirSync(path).length === 0) this.#useEmptyDirectory(path);
    else this.#replace(path, () => mkdirSync(path));
    chownSync(path, owner.uid, owner.gid);
    chmodSync(path, mode & 0o7777);
    return path;
  }

  #useEmptyDirectory(path: string): void {
    const before = lstatSync(path, { bigint: true });
    this.#late.push(() => {
      if (directoryAt(this.#root, path) === undefined) return;
      for (const name of readdirSync(path)) removeTree(join(path, name));
      applyMetadata(path, before);
    });
  }

  /** Makes a file at `target`, and returns its path. */
  file(target: string, content: string | Uint8Array, mode: number, owner: Pick<Stats, 'uid' | 'gid'>): string {
    const path = makeInTree(this.#root, target, 'file');
    const stats = lstatSync(path, { bigint: true });
    if (stats.isFile() && stats.size === 0n && stats.nlink === 1n) this.#useEmptyFile(path);
    else this.#replace(path, () => closeSync(openSync(path, 'wx')));
    const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    writeFileSync(fd, content);
    fchmodSync(fd, mode & 0o7777);
    closeSync(fd);
    chownSync(path, owner.uid, owner.gid);
    return path;
  }

  #useEmptyFile(path: string): void {
    const before = lstatSync(path, { bigint: true });
    this.#late.push(() => {
      if (directoryAt(this.#root, dirname(path)) === undefined) return;
      const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (now?.isFile() !== true || now.ino !== before.ino) return;
      truncateSync(path);
      applyMetadata(path, before);
    });
  }

  /** Calls `make` for a path where nothing is yet, and returns the path; `undefined` where something is. */
  node(target: string, make: (path: string) => void): string | undefined {
    const { existing, missing } = resolveInTree(this.#root, target);
    const [name] = missing;
    if (name === undefined || missing.length > 1) return undefined;
    const path = join(existing, name);
    this.#times.remember(existing);
    make(path);
    this.#removeLater(path);
    return path;
  }

  #replace(path: string, make: () => void): void {
    const aside = this.#putAside(path);
    make();
    this.#late.push(() => {
      if (directoryAt(this.#root, dirname(path)) === undefined) return;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) renameSync(aside, path);
      else removeTree(aside); // the step has something of its own here now
    });
    this.#removeLater(path);
  }

  /** Out of the tree; where that is another file system, beside the file. */
  #putAside(path: string): string {
    this.#times.remember(dirname(path));
    const aside = this.#newAside();
    try {
      renameSync(path, aside);
      return aside;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    }
    const beside = join(dirname(path), `.${newMark()}`);
    renameSync(path, beside);
    return beside;
  }

  #removeLater(path: string): void {
    const { ino } = lstatSync(path);
    this.#late.push(() => {
      if (directoryAt(this.#root, dirname(path)) === undefined) return;
      const now = lstatSync(path, { throwIfNoEntry: false });
      if (now?.ino !== ino) return;
      if (now.isDirectory()) removeTree(path);
      else unlinkSync(path);
    });
  }

  /** Has `work` done before anything is taken back. */
  beforehand(work: TakeBack): void {
    this.#early.push(work);
  }

  /** Everything is in place, and the step starts. */
  seal(): void {
    this.#times.seal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const work of this.#early.splice(0).toReversed()) await work();
    this.#times.restoreAround(() => {
      for (const work of this.#late.splice(0).toReversed()) work();
    });
  }
}

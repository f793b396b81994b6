import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { directoryAt, DirectoryTimes } from './directory-times.ts';
import { checkType, resolveInTree } from './scoped-path.ts';

/** Something that a step's sandbox mounts over its tree. */
export interface MountPoint {
  /** Absolute inside the tree. */
  readonly target: string;
  readonly type: 'directory' | 'file';
}

interface Stub {
  readonly path: string;
  readonly type: MountPoint['type'];
  readonly ino: bigint;
}

/**
 * Empty files and directories for mounts that have no place in the tree yet. Disposed after the step, they are gone and
 * their parents have the times from before: nothing of them is in the step's layer. Whatever the step put in their place
 * stays, and nothing outside of the tree is ever touched.
 */
export class MountPointStubs implements Disposable {
  readonly #root: string;
  readonly #stubs: Stub[] = [];
  readonly #times: DirectoryTimes;

  constructor(root: string, points: readonly MountPoint[]) {
    this.#root = root;
    this.#times = new DirectoryTimes(root);
    try {
      for (const point of outermost(points)) this.#place(point);
      this.#times.seal();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #place({ target, type }: MountPoint): void {
    const { existing, missing } = resolveInTree(this.#root, target);
    checkType(existing, missing.length === 0 ? type : 'directory', target);
    let path = existing;
    for (const [index, name] of missing.entries()) {
      this.#times.remember(path);
      path = join(path, name);
      this.#make(path, index < missing.length - 1 ? 'directory' : type);
    }
  }

  #make(path: string, type: MountPoint['type']): void {
    if (type === 'directory') makeDirectory(path);
    else closeSync(openSync(path, 'wx', 0o644));
    this.#stubs.push({ path, type, ino: lstatSync(path, { bigint: true }).ino });
  }

  [Symbol.dispose](): void {
    this.#times.restoreAround(() => {
      for (const stub of this.#stubs.splice(0).toReversed()) this.#remove(stub);
    });
  }

  #remove({ path, type, ino }: Stub): void {
    if (directoryAt(this.#root, dirname(path)) === undefined) return;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return;
    if (type === 'directory' && stats.isDirectory()) removeIfEmpty(path);
    if (type === 'file' && stats.isFile() && stats.size === 0n && stats.ino === ino) unlinkSync(path);
  }
}

/** Readable for every user, whatever this process's umask says: the step may put files there. */
function makeDirectory(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o755);
}

/** Without those inside of another one, which are made in what is mounted there. */
function outermost(points: readonly MountPoint[]): readonly MountPoint[] {
  const targets = points.map(({ target }) => normalize(`/${target}/`));
  return points.filter((_, index) =>
    targets.every((other) => other === targets[index] || !targets[index]?.startsWith(other)),
  );
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error; // what the step put there is its own
  }
}

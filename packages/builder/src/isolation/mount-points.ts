import type { BigIntStats } from 'node:fs';
import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileSystemCalls } from '@shale/core';
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

interface ParentTimes {
  readonly before: bigint;
  /** When the stubs were in place. Another time later means that the step changed the directory itself. */
  placed: bigint;
}

/**
 * Empty files and directories for mounts that have no place in the tree yet. Disposed after the step, they are gone and
 * their parents have the times from before: nothing of them is in the step's layer. Whatever the step put in their place
 * stays, and nothing outside of the tree is ever touched.
 */
export class MountPointStubs implements Disposable {
  readonly #root: string;
  readonly #stubs: Stub[] = [];
  readonly #parents = new Map<string, ParentTimes>();

  constructor(root: string, points: readonly MountPoint[]) {
    this.#root = root;
    try {
      for (const point of outermost(points)) this.#place(point);
      for (const [path, times] of this.#parents) times.placed = lstatSync(path, { bigint: true }).mtimeNs;
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
      this.#rememberTimes(path);
      path = join(path, name);
      this.#make(path, index < missing.length - 1 ? 'directory' : type);
    }
  }

  #rememberTimes(parent: string): void {
    if (this.#parents.has(parent)) return;
    const { mtimeNs } = lstatSync(parent, { bigint: true });
    this.#parents.set(parent, { before: mtimeNs, placed: mtimeNs });
  }

  #make(path: string, type: MountPoint['type']): void {
    if (type === 'directory') makeDirectory(path);
    else closeSync(openSync(path, 'wx', 0o644));
    this.#stubs.push({ path, type, ino: lstatSync(path, { bigint: true }).ino });
  }

  [Symbol.dispose](): void {
    const parents = [...this.#parents].map(([path, times]) => [path, times, directoryAt(this.#root, path)] as const);
    for (const stub of this.#stubs.toReversed()) this.#remove(stub);
    for (const [path, { before, placed }, now] of parents) {
      if (now === undefined || directoryAt(this.#root, path) === undefined) continue;
      setModified(path, now.mtimeNs === placed ? before : now.mtimeNs);
    }
    this.#stubs.length = 0;
    this.#parents.clear();
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

/** `undefined` unless every part from the root down is a directory, and no symlink. */
function directoryAt(root: string, path: string): BigIntStats | undefined {
  let current = root;
  let stats = lstatSync(current, { bigint: true });
  for (const part of path.slice(root.length).split('/')) {
    if (part === '') continue;
    current = join(current, part);
    const next = lstatSync(current, { bigint: true, throwIfNoEntry: false });
    if (next?.isDirectory() !== true) return undefined;
    stats = next;
  }
  return stats;
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error; // what the step put there is its own
  }
}

const NANOSECONDS = 1_000_000_000n;

function setModified(path: string, mtimeNs: bigint): void {
  const rest = ((mtimeNs % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  fileSystemCalls().setTimes(path, Number((mtimeNs - rest) / NANOSECONDS), Number(rest));
}

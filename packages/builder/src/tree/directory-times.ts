import type { BigIntStats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTime } from './exact-time.ts';

interface Times {
  readonly before: bigint;
  /** When everything was in place. Another time later means that the step changed the directory itself. */
  placed: bigint;
}

/** The times of directories in a tree that something is put into while a step runs, and taken out of afterwards. */
export class DirectoryTimes {
  readonly #root: string;
  readonly #times = new Map<string, Times>();

  constructor(root: string) {
    this.#root = root;
  }

  /** To be called before something is put there. */
  remember(directory: string): void {
    if (this.#times.has(directory)) return;
    const { mtimeNs } = lstatSync(directory, { bigint: true });
    this.#times.set(directory, { before: mtimeNs, placed: mtimeNs });
  }

  /** Everything is in place, and the step starts. */
  seal(): void {
    for (const [path, times] of this.#times) times.placed = lstatSync(path, { bigint: true }).mtimeNs;
  }

  /** Takes out what was put there. Directories then have the time from before, or else the one that the step gave them. */
  restoreAround(takeOut: () => void): void {
    const now = [...this.#times.keys()].map((path) => [path, directoryAt(this.#root, path)?.mtimeNs] as const);
    takeOut();
    for (const [path, mtimeNs] of now) {
      const times = this.#times.get(path);
      if (times === undefined || mtimeNs === undefined || directoryAt(this.#root, path) === undefined) continue;
      setTime(path, { mtimeNs: mtimeNs === times.placed ? times.before : mtimeNs });
    }
    this.#times.clear();
  }
}

/** `undefined` unless every part from the root down is a directory, and no symlink. */
export function directoryAt(root: string, path: string): BigIntStats | undefined {
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

import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { hostPath } from '@shale/core/archive';
import { readEntries } from '../tree/directory-entries.ts';

/** What one file was like. Times are in milliseconds, exact to a quarter of a microsecond. */
export type FileFacts = Readonly<Record<(typeof COLUMNS)[number], number>>;

const COLUMNS = ['ino', 'ctimeMs', 'mtimeMs', 'size', 'mode', 'uid', 'gid'] as const;

/** The files of one directory, in a few bytes each: trees can have a million. */
export class DirectoryScan {
  /** Sorted. */
  readonly names: readonly string[];
  readonly #columns: Float64Array;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#columns = new Float64Array(names.length * COLUMNS.length);
  }

  set(index: number, stats: Stats): void {
    const at = index * COLUMNS.length;
    for (const [offset, column] of COLUMNS.entries()) this.#columns[at + offset] = stats[column];
  }

  equals(other: DirectoryScan): boolean {
    return (
      this.names.length === other.names.length &&
      this.names.every((name, index) => name === other.names[index]) &&
      this.#columns.every((value, index) => value === other.#columns[index])
    );
  }

  facts(index: number): FileFacts {
    const at = index * COLUMNS.length;
    const value = (offset: number) => this.#columns[at + offset] as number;
    return {
      ino: value(0),
      ctimeMs: value(1),
      mtimeMs: value(2),
      size: value(3),
      mode: value(4),
      uid: value(5),
      gid: value(6),
    };
  }
}

/** What every file of a tree was like at one moment. */
export interface TreeScan {
  /** By path; the root is `''`. */
  readonly directories: ReadonlyMap<string, DirectoryScan>;
  /** When a file changed last. */
  readonly newestMs: number;
}

/** Looks at each file of a tree once. */
export function scanTree(root: string): TreeScan {
  const directories = new Map<string, DirectoryScan>();
  const pending = [''];
  let newestMs = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const entries = readEntries(`${root}/${path}`);
    const scan = new DirectoryScan(entries.map(({ name }) => name));
    const prefix = path === '' ? '' : `${path}/`;
    for (const [index, { name, isDirectory }] of entries.entries()) {
      const stats = lstatSync(hostPath(`${root}/${prefix}${name}`));
      scan.set(index, stats);
      newestMs = Math.max(newestMs, stats.ctimeMs);
      if (isDirectory) pending.push(prefix + name);
    }
    directories.set(path, scan);
  }
  return { directories, newestMs };
}

/** Whether nothing was done to the tree between the two looks. */
export function isSameScan(a: TreeScan, b: TreeScan): boolean {
  if (a.directories.size !== b.directories.size) return false;
  return [...a.directories].every(([path, scan]) => b.directories.get(path)?.equals(scan) === true);
}

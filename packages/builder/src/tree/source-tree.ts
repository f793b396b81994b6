import type { Stats } from 'node:fs';
import { fingerprintOf } from './fingerprint.ts';

/** A tree that COPY reads: a build context, or the file system of a stage. Paths in it are relative, with `/`. */
export interface SourceTree {
  /** Absolute, on the host. */
  readonly root: string;
  /** Whether there are rules by which something may be ignored. */
  readonly hidesSome: boolean;
  /** What it leaves out is, for COPY, not there. */
  ignores(path: string): boolean;
  /** Whether something below an ignored directory may be taken in again. */
  mayReinclude(directory: string): boolean;
  /** See `fingerprintOf`; `path` is where the file is in the tree, `host` where that is on the host. */
  fingerprint(path: string, host: string, stats: Stats): string;
}

/** A tree in which nothing is ignored. */
export function plainTree(root: string): SourceTree {
  return {
    root,
    hidesSome: false,
    ignores: () => false,
    mayReinclude: () => true,
    fingerprint: (_path, host) => fingerprintOf(host),
  };
}

/** Where a path of the tree is on the host. */
export function hostOf({ root }: SourceTree, path: string): string {
  return path === '' ? root : `${root}/${path}`;
}

/** The path of a name in a directory of the tree. */
export function below(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

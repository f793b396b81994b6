import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { hostPath, readNames } from '@shale/core';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import type { SourceTree } from './source-tree.ts';
import { below } from './source-tree.ts';
import type { ResolvedSource } from './sources.ts';

/** Something that a COPY takes. */
export interface WalkEntry {
  /** Below the source: `''` for the source itself. */
  readonly path: string;
  /** In the tree. */
  readonly treePath: string;
  readonly host: string;
  readonly stats: Stats;
  /** A directory that is there only for something in it: `--exclude` leaves it out, or `--parents` did not name it. */
  readonly isParent: boolean;
}

/**
 * Visits a source and everything below it that is neither ignored nor excluded: parents first, names sorted. Rules of
 * `exclude` are relative to a directory that is copied, and meet a file that is named directly by its own name.
 */
export function walkSource(
  tree: SourceTree,
  source: ResolvedSource,
  exclude: readonly string[],
  visit: (entry: WalkEntry) => void,
): void {
  const filter = new SourceFilter(source.pattern, exclude);
  if (!source.isDirectory && !filter.takes(basename(source.name))) return;
  const stats = lstatSync(hostPath(source.host));
  const top = { path: '', treePath: source.path, host: source.host, stats, isParent: false };
  visit(top);
  if (source.isDirectory) new Walk(tree, filter, visit).directory(top);
}

type WalkPlace = Pick<WalkEntry, 'path' | 'treePath' | 'host'>;

class Walk {
  readonly #tree: SourceTree;
  readonly #filter: SourceFilter;
  readonly #visit: (entry: WalkEntry) => void;
  /** Directories on the way down that wait for something in them to be taken. */
  readonly #pending: WalkEntry[] = [];

  constructor(tree: SourceTree, filter: SourceFilter, visit: (entry: WalkEntry) => void) {
    this.#tree = tree;
    this.#filter = filter;
    this.#visit = visit;
  }

  directory(parent: WalkPlace): void {
    for (const name of readNames(parent.host).sort()) {
      const path = below(parent.path, name);
      const treePath = below(parent.treePath, name);
      const isIgnored = this.#tree.ignores(treePath);
      if (isIgnored && !this.#tree.mayReinclude(treePath)) continue;
      const isTaken = this.#filter.takes(path);
      if (!isTaken && !this.#filter.mayTakeBelow(path)) continue;
      const host = `${parent.host}/${name}`;
      const stats = lstatSync(hostPath(host), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      const entry = { path, treePath, host, stats, isParent: !isTaken };
      if (isTaken && !isIgnored) this.#take(entry);
      else if (stats.isDirectory()) this.#descend(entry);
    }
  }

  #take(entry: WalkEntry): void {
    if (this.#pending.length > 0) for (const parent of this.#pending.splice(0)) this.#visit(parent);
    this.#visit(entry);
    if (entry.stats.isDirectory()) this.directory(entry);
  }

  #descend(entry: WalkEntry): void {
    const depth = this.#pending.push(entry);
    this.directory(entry);
    if (this.#pending.length >= depth) this.#pending.length = depth - 1;
  }
}

/** What `--parents` and `--exclude` leave of a source. Paths are relative to it. */
class SourceFilter {
  readonly #isAll: boolean;
  readonly #included: ReturnType<typeof ignoreMatcher> | undefined;
  readonly #wayToIncluded: ReturnType<typeof ignoreMatcher> | undefined;
  readonly #excluded: ReturnType<typeof ignoreMatcher>;

  constructor(pattern: string | undefined, exclude: readonly string[]) {
    this.#isAll = pattern === undefined && exclude.length === 0;
    this.#included = pattern === undefined ? undefined : ignoreMatcher([pattern]);
    this.#wayToIncluded = pattern === undefined ? undefined : ignoreMatcher([`!${pattern}`]);
    this.#excluded = ignoreMatcher(exclude);
  }

  takes(path: string): boolean {
    if (this.#isAll) return true;
    return this.#included?.ignores(path) !== false && !this.#excluded.ignores(path);
  }

  /** Whether something in a directory may be taken that is not taken itself. */
  mayTakeBelow(path: string): boolean {
    if (this.#excluded.ignores(path) && !this.#excluded.mayReinclude(path)) return false;
    return this.#included?.ignores(path) !== false || this.#wayToIncluded?.mayReinclude(path) === true;
  }
}

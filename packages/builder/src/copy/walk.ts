import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { hostPath, readNames } from '@shale/core/archive';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import type { SourceTree } from '../tree/source-tree.ts';
import { below } from '../tree/source-tree.ts';
import type { ResolvedSource } from './sources.ts';

/** A file or directory that a COPY copies. */
export interface WalkEntry {
  /** Path relative to the source; `''` for the source itself. */
  readonly path: string;
  /** Path in the tree. */
  readonly treePath: string;
  readonly host: string;
  readonly stats: Stats;
  /** Whether the directory is needed only as a parent of others: excluded itself, or not matched by `--parents`. */
  readonly isParent: boolean;
}

/** A directory of the current path of the walk. */
interface Level {
  readonly entry: WalkEntry;
  /** Names to visit; the next is the last. */
  readonly names: string[];
  /** Whether the directory was yielded. If not, it is yielded before the first entry in it. */
  isGiven: boolean;
}

/**
 * Yields a source and everything below it that is neither ignored nor excluded: parents first, names sorted. Patterns of
 * `exclude` are relative to the source directory; a source that is a file is matched by its own name.
 */
export function* walkSource(
  tree: SourceTree,
  source: ResolvedSource,
  exclude: readonly string[],
): Generator<WalkEntry, void, undefined> {
  const filter = new SourceFilter(source.pattern, exclude);
  if (!source.isDirectory && !filter.takes(basename(source.name))) return;
  const stats = lstatSync(hostPath(source.host));
  const top = { path: '', treePath: source.path, host: source.host, stats, isParent: false };
  yield top;
  const levels = source.isDirectory ? [openLevel(top, true)] : [];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names.pop();
    if (name === undefined) levels.pop();
    const found = name === undefined ? undefined : lookAt(tree, filter, level.entry, name);
    if (found === undefined) continue;
    const { entry, isTaken } = found;
    if (isTaken) {
      yield* waiting(levels);
      yield entry;
    }
    if (entry.stats.isDirectory()) levels.push(openLevel(entry, isTaken));
  }
}

function openLevel(entry: WalkEntry, isGiven: boolean): Level {
  return { entry, names: readNames(entry.host).sort().reverse(), isGiven };
}

function* waiting(levels: readonly Level[]): Generator<WalkEntry, void, undefined> {
  if (levels.at(-1)?.isGiven === true) return;
  for (const level of levels) {
    if (!level.isGiven) yield level.entry;
    level.isGiven = true;
  }
}

/** `undefined` for an entry that is skipped with everything below it. Directories that are not taken are still walked. */
function lookAt(
  tree: SourceTree,
  filter: SourceFilter,
  parent: WalkEntry,
  name: string,
): { readonly entry: WalkEntry; readonly isTaken: boolean } | undefined {
  const path = below(parent.path, name);
  const treePath = below(parent.treePath, name);
  const isIgnored = tree.ignores(treePath);
  if (isIgnored && !tree.mayReinclude(treePath)) return undefined;
  const isWanted = filter.takes(path);
  if (!isWanted && !filter.mayTakeBelow(path)) return undefined;
  const host = `${parent.host}/${name}`;
  const stats = lstatSync(hostPath(host), { throwIfNoEntry: false });
  const isTaken = isWanted && !isIgnored;
  if (stats === undefined || (!isTaken && !stats.isDirectory())) return undefined;
  return { entry: { path, treePath, host, stats, isParent: !isWanted }, isTaken };
}

/** Applies `--parents` and `--exclude`. Paths are relative to the source. */
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

  /** Whether entries of a directory may be taken, though the directory itself is not. */
  mayTakeBelow(path: string): boolean {
    if (this.#excluded.ignores(path) && !this.#excluded.mayReinclude(path)) return false;
    return this.#included?.ignores(path) !== false || this.#wayToIncluded?.mayReinclude(path) === true;
  }
}

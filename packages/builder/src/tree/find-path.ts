import type { Stats } from 'node:fs';
import { lstatSync, readlinkSync } from 'node:fs';
import { decodePath, hostPath, readNames } from '@shale/core/archive';
import type { SourceTree } from './source-tree.ts';
import { below, hostOf } from './source-tree.ts';

/** Something in a tree: no part of its path is a symlink. */
export interface FoundPath {
  readonly path: string;
  readonly host: string;
  readonly stats: Stats;
}

/** As many as the kernel follows. */
const MAX_SYMLINKS = 40;

export function rootOf(tree: SourceTree): FoundPath {
  return { path: '', host: tree.root, stats: lstatSync(hostPath(tree.root)) };
}

/**
 * Follows `path` from a directory of the tree as a process chrooted into the tree would: symlinks lead within it, and
 * `..` stops at its root. `undefined` for what is missing, ignored, or behind a loop of symlinks.
 */
export function findPath(tree: SourceTree, from: FoundPath, path: string): FoundPath | undefined {
  const waiting = path.split('/').toReversed();
  let current = from;
  let links = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === '' || part === '.') continue;
    const next = part === '..' ? parentOf(tree, current) : findEntry(tree, current, part);
    if (next === undefined) return undefined;
    if (!next.stats.isSymbolicLink()) {
      current = next;
      continue;
    }
    links += 1;
    if (links > MAX_SYMLINKS) return undefined;
    const target = decodePath(readlinkSync(hostPath(next.host), 'buffer'));
    if (target.startsWith('/')) current = rootOf(tree);
    waiting.push(...target.split('/').toReversed());
  }
  return current;
}

function parentOf(tree: SourceTree, { path }: FoundPath): FoundPath {
  const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  const host = hostOf(tree, parent);
  return { path: parent, host, stats: lstatSync(hostPath(host)) };
}

/** What a directory has by a name: the symlink itself where it is one. */
export function findEntry(tree: SourceTree, directory: FoundPath, name: string): FoundPath | undefined {
  const path = below(directory.path, name);
  const host = hostOf(tree, path);
  const stats = lstatSync(hostPath(host), { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const found = { path, host, stats };
  return tree.ignores(path) && !holdsSomething(tree, found) ? undefined : found;
}

/** An ignored directory is there as long as something below it is taken in again. */
function holdsSomething(tree: SourceTree, { path, host, stats }: FoundPath): boolean {
  if (!stats.isDirectory() || !tree.mayReinclude(path)) return false;
  return readNames(host).some((name) => {
    const child = { path: below(path, name), host: `${host}/${name}` };
    return !tree.ignores(child.path) || holdsSomething(tree, { ...child, stats: lstatSync(hostPath(child.host)) });
  });
}

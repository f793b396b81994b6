import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { hostPath } from '@shale/core';
import type { ModeChange } from '@shale/dockerfile-parser';
import { resolveInTree } from '../isolation/scoped-path.ts';
import { FileCopier } from './file-copier.ts';
import { makeDirectoryInTree, PathConflictError } from './make-directory.ts';
import type { SourceTree } from './source-tree.ts';
import type { ResolvedSource } from './sources.ts';
import { excluder } from './sources.ts';
import type { WalkEntry } from './walk.ts';
import { walkSource } from './walk.ts';

export interface CopyTreeOptions {
  /** Given to everything that is copied or made; `undefined` keeps the sources' owners. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly chmod: ModeChange | undefined;
  readonly exclude: readonly string[];
}

/**
 * Copies sources to `destination`, an absolute path in `tree`; with a trailing slash it is a directory. Symlinks on the
 * way there lead within the tree.
 * @throws {PathConflictError}
 */
export function copyIntoTree(
  tree: string,
  from: SourceTree,
  sources: readonly ResolvedSource[],
  destination: string,
  options: CopyTreeOptions,
): void {
  const copier = new FileCopier(options);
  const exclude = excluder(options.exclude);
  for (const source of sources) {
    const target = targetOf(tree, source, destination, options);
    walkSource(from, source, exclude, (entry) => place(copier, entry, target, source));
  }
  copier.finish();
}

interface CopyTarget {
  /** On the host. */
  readonly host: string;
  /** The directory is new: it takes the source's time. */
  readonly isNew: boolean;
}

/** Where a source lands: a directory's content in the destination, a file in it or as it. */
function targetOf(tree: string, source: ResolvedSource, destination: string, options: CopyTreeOptions): CopyTarget {
  const directory = {
    uid: options.owner?.uid ?? 0,
    gid: options.owner?.gid ?? 0,
    mode: options.chmod?.(0o755, true) ?? 0o755,
  };
  if (source.landing !== undefined) return landingTarget(tree, source, destination, directory);
  const { existing, missing } = resolveInTree(tree, destination);
  const isDirectory = missing.length === 0 && lstatSync(hostPath(existing)).isDirectory();
  if (source.isDirectory) return { host: makeDirectoryInTree(tree, destination, directory), isNew: missing.length > 0 };
  if (destination.endsWith('/') || isDirectory) {
    return { host: `${makeDirectoryInTree(tree, destination, directory)}/${basename(source.path)}`, isNew: false };
  }
  if (missing.length === 0) return { host: existing, isNew: false };
  const parent = makeDirectoryInTree(tree, dirname(destination), directory);
  return { host: `${parent}/${basename(destination)}`, isNew: false };
}

function landingTarget(
  tree: string,
  { landing = '', isDirectory }: ResolvedSource,
  destination: string,
  directory: Parameters<typeof makeDirectoryInTree>[2],
): CopyTarget {
  const path = `${destination}/${landing}`;
  if (isDirectory) return { host: makeDirectoryInTree(tree, path, directory), isNew: true };
  return { host: `${makeDirectoryInTree(tree, dirname(path), directory)}/${basename(path)}`, isNew: false };
}

function place(copier: FileCopier, { path, host, stats }: WalkEntry, target: CopyTarget, source: ResolvedSource): void {
  const to = path === '' ? target.host : `${target.host}/${path}`;
  if (path === '' && source.isDirectory) {
    if (source.landing !== undefined) copier.keepMetadata(host, to, stats);
    else if (target.isNew) copier.keepTime(to, stats, host);
    return;
  }
  const existing = lstatSync(hostPath(to), { throwIfNoEntry: false });
  if (existing !== undefined) checkConflict(stats, existing, path || source.path);
  copier.copy(host, to, stats, existing);
}

function checkConflict(stats: Stats, existing: Stats, path: string): void {
  if (stats.isDirectory() && !existing.isDirectory())
    throw new PathConflictError(`cannot copy to non-directory: ${path}`);
  if (!stats.isDirectory() && existing.isDirectory())
    throw new PathConflictError(`cannot replace to directory ${path} with file`);
}

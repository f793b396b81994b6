import { ShaleError } from '@shale/core';
import { readNames } from '@shale/core/archive';
import { globMatch, hasWildcard, suggest, unescapePattern } from '@shale/dockerfile-parser';
import type { FoundPath } from '../tree/find-path.ts';
import { findEntry, findPath, rootOf } from '../tree/find-path.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { below, plainTree } from '../tree/source-tree.ts';

/** A file or directory that a source of COPY names. */
export interface ResolvedSource {
  /** As it was named, relative to the root: its last part is the name under which a file lands. */
  readonly name: string;
  /** Where it is in the tree, symlinks in the name followed. */
  readonly path: string;
  /** The same on the host. */
  readonly host: string;
  readonly isDirectory: boolean;
  /** `--parents`: what to take of the directory, parents included, as a rule of ignore files would match it. */
  readonly pattern: string | undefined;
}

export interface ResolveSourcesOptions {
  /** Keep the parents of sources, from `/./` on. */
  readonly parents: boolean;
}

/** A source that is not there, or that the ignore file leaves out. */
export class SourceMissingError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

/**
 * Finds what the sources of a COPY name, and never anything outside of the tree. Patterns may match nothing; a plain
 * name must be there.
 * @see https://docs.docker.com/reference/dockerfile/#copy
 * @throws {SourceMissingError}
 */
export function resolveSources(
  tree: SourceTree,
  sources: readonly string[],
  { parents }: ResolveSourcesOptions,
): ResolvedSource[] {
  return sources.flatMap((source) => (parents ? resolveWithParents(tree, source) : resolveSource(tree, source)));
}

/** A file by its very name, whatever characters that has. */
export function literalSource(tree: SourceTree, name: string): ResolvedSource {
  const found = findPath(tree, rootOf(tree), name);
  if (found === undefined) throw missing(tree, name);
  return describe({ name, found });
}

/** The directory before `/./` (or the root) is the source, and the rest says what to take of it. */
function resolveWithParents(tree: SourceTree, source: string): ResolvedSource[] {
  const marker = source.indexOf('/./');
  const start = normalise(marker < 0 ? '' : source.slice(0, marker));
  const pattern = normalise(marker < 0 ? source : source.slice(marker + 2));
  if (pattern === '') return resolveSource(tree, start);
  if (!hasWildcard(start) && !hasWildcard(pattern)) resolveSource(tree, below(start, pattern));
  return resolveSource(tree, start).map((resolved) => ({
    ...resolved,
    pattern: resolved.isDirectory ? pattern : undefined,
  }));
}

function resolveSource(tree: SourceTree, source: string): ResolvedSource[] {
  const pattern = normalise(source);
  return hasWildcard(pattern)
    ? expandPattern(tree, pattern).map(describe)
    : [literalSource(tree, unescapePattern(pattern))];
}

/** Inside the root whatever it says: a leading `/` and `..` stop there. */
function normalise(source: string): string {
  const kept: string[] = [];
  for (const part of source.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept.join('/');
}

interface NamedPath {
  readonly name: string;
  readonly found: FoundPath;
}

/**
 * Matches part by part: `*` never crosses `/`, so that only directories that match are read. From the first wildcard on
 * it is a walk, which goes into no symlink; one that it ends at is followed.
 */
function expandPattern(tree: SourceTree, pattern: string): NamedPath[] {
  const parts = pattern.split('/');
  const walk = parts.findIndex(hasWildcard);
  const start = findPath(tree, rootOf(tree), parts.slice(0, walk).map(unescapePattern).join('/'));
  if (start === undefined) return [];
  let paths: NamedPath[] = [{ name: parts.slice(0, walk).map(unescapePattern).join('/'), found: start }];
  for (const part of parts.slice(walk)) paths = paths.flatMap((path) => matchesIn(tree, path, part));
  return paths.map((path) => follow(tree, path));
}

function matchesIn(tree: SourceTree, directory: NamedPath, part: string): NamedPath[] {
  if (!directory.found.stats.isDirectory()) return [];
  const names = hasWildcard(part)
    ? readNames(directory.found.host)
        .filter((name) => globMatch(part, name))
        .sort()
    : [unescapePattern(part)];
  return names.flatMap((name) => {
    const found = findEntry(tree, directory.found, name);
    return found === undefined ? [] : [{ name: below(directory.name, name), found }];
  });
}

function follow(tree: SourceTree, { name, found }: NamedPath): NamedPath {
  if (!found.stats.isSymbolicLink()) return { name, found };
  const target = findPath(tree, rootOf(tree), found.path);
  if (target !== undefined) return { name, found: target };
  throw new SourceMissingError(`failed to calculate checksum of ref: "/${name}": not found`, {
    hint: 'It is a symlink whose target is not there.',
  });
}

function describe({ name, found }: NamedPath): ResolvedSource {
  return { name, path: found.path, host: found.host, isDirectory: found.stats.isDirectory(), pattern: undefined };
}

function missing(tree: SourceTree, name: string): SourceMissingError {
  const everything = plainTree(tree.root);
  const isIgnored = findPath(everything, rootOf(everything), name) !== undefined;
  return new SourceMissingError(`failed to calculate checksum of ref: "/${name}": not found`, {
    hint: isIgnored ? 'It is there, but .dockerignore leaves it out.' : similarName(tree, name),
  });
}

function similarName(tree: SourceTree, name: string): string | undefined {
  const parent = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
  const directory = findPath(tree, rootOf(tree), parent);
  if (directory?.stats.isDirectory() !== true) return undefined;
  const candidates = readNames(directory.host).filter((other) => !tree.ignores(below(directory.path, other)));
  const close = suggest(name.slice(name.lastIndexOf('/') + 1), candidates);
  return close === undefined ? undefined : `Did you mean ${below(parent, close)}?`;
}

import { ShaleError } from '@shale/core';
import { readNames } from '@shale/core/archive';
import { globMatch, hasWildcard, suggest, unescapePattern } from '@shale/dockerfile-parser';
import type { FoundPath } from '../tree/find-path.ts';
import { findEntry, findPath, rootOf } from '../tree/find-path.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { below, plainTree } from '../tree/source-tree.ts';

/** A file or directory that a source of COPY names. */
export interface ResolvedSource {
  /** The name in the Dockerfile, relative to the root. The last part becomes the name of a copied file. */
  readonly name: string;
  /** Path in the tree, with symlinks resolved. */
  readonly path: string;
  /** Path on the host. */
  readonly host: string;
  readonly isDirectory: boolean;
  /** With `--parents`: what to copy of the directory, as a pattern of ignore files. */
  readonly pattern: string | undefined;
}

export interface ResolveSourcesOptions {
  /** Keeps the parent directories of sources, after `/./`. */
  readonly parents: boolean;
}

/** A source does not exist, or the ignore file excludes it. */
export class SourceMissingError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

/**
 * Finds the sources of a COPY, never outside the tree. A pattern may match nothing, but a plain name must exist.
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

/** Finds a file by its literal name, without wildcards. */
export function literalSource(tree: SourceTree, name: string): ResolvedSource {
  const found = findPath(tree, rootOf(tree), name);
  if (found === undefined) throw missing(tree, name);
  return describe({ name, found });
}

/** The part before `/./` (or the root) is the source directory. The rest is a pattern of what to copy. */
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

/** Normalises a path so that it stays in the root: a leading `/` and `..` stop at the root. */
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
 * Matches part by part, and reads only directories that match: `*` never crosses `/`. From the first wildcard on,
 * symlinks to directories are not entered; a symlink that matches in the end is resolved.
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
    hint: 'It is a symlink whose target does not exist.',
  });
}

function describe({ name, found }: NamedPath): ResolvedSource {
  return { name, path: found.path, host: found.host, isDirectory: found.stats.isDirectory(), pattern: undefined };
}

function missing(tree: SourceTree, name: string): SourceMissingError {
  const everything = plainTree(tree.root);
  const isIgnored = findPath(everything, rootOf(everything), name) !== undefined;
  return new SourceMissingError(`failed to calculate checksum of ref: "/${name}": not found`, {
    hint: isIgnored ? 'The file exists, but .dockerignore excludes it.' : similarName(tree, name),
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

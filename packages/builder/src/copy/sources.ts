import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { hostPath, readNames, ShaleError } from '@shale/core';
import { globMatch, hasWildcard, ignoreMatcher, suggest, unescapePattern } from '@shale/dockerfile-parser';
import { resolveInTree } from '../isolation/scoped-path.ts';
import type { SourceTree } from './source-tree.ts';

/** A file or directory that a source of COPY names. */
export interface ResolvedSource {
  /** As it was named, relative to the root: its last part is the name under which a file lands. */
  readonly path: string;
  /** Where it is on the host, symlinks in the name followed. */
  readonly host: string;
  readonly isDirectory: boolean;
  /** `--parents`: where it lands below the destination. */
  readonly landing: string | undefined;
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
 * Finds what the sources of a COPY name. Patterns may match nothing; a plain name must be there.
 * @throws {SourceMissingError}
 */
export function resolveSources(
  tree: SourceTree,
  sources: readonly string[],
  { parents }: ResolveSourcesOptions,
): ResolvedSource[] {
  return sources.flatMap((source) => {
    const { path, pivot } = splitPivot(source, parents);
    const found = hasWildcard(path) ? expandPattern(tree, path, parents) : [literalPath(tree, path)];
    return found.map((name) => describe(tree, name, parents ? landingOf(name, pivot) : undefined));
  });
}

/** The part before `/./` is not kept by `--parents`. */
function splitPivot(source: string, parents: boolean): { path: string; pivot: number } {
  const marker = parents ? source.indexOf('/./') : -1;
  const path = normalise(source);
  return { path, pivot: marker < 0 ? 0 : parts(normalise(source.slice(0, marker))).length };
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

const parts = (path: string) => path.split('/').filter((part) => part !== '');

function landingOf(name: string, pivot: number): string {
  return parts(name).slice(pivot).join('/');
}

function literalPath(tree: SourceTree, pattern: string): string {
  const path = unescapePattern(pattern);
  if (path === '') return path;
  const { missing } = resolveInTree(tree.root, path);
  if (missing.length === 0 && (!tree.ignores(path) || tree.mayReinclude(path))) return path;
  const ignored = missing.length === 0;
  throw new SourceMissingError(`failed to calculate checksum of ref: "/${path}": not found`, {
    hint: ignored ? 'It is there, but .dockerignore leaves it out.' : similarNames(tree, path),
  });
}

function similarNames(tree: SourceTree, path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  const { existing, missing } = resolveInTree(tree.root, path.slice(0, Math.max(slash, 0)));
  if (missing.length > 0 || !lstatSync(hostPath(existing)).isDirectory()) return undefined;
  const close = suggest(path.slice(slash + 1), readNames(existing));
  return close === undefined ? undefined : `Did you mean ${slash < 0 ? '' : `${path.slice(0, slash)}/`}${close}?`;
}

/** Matches part by part: `*` never crosses `/`, so only directories that match are read. `**` is any depth with `--parents`. */
function expandPattern(tree: SourceTree, pattern: string, deep: boolean): string[] {
  let found = [''];
  for (const part of parts(pattern)) {
    if (deep && part === '**') found = found.flatMap((directory) => [directory, ...descend(tree, directory)]);
    else if (hasWildcard(part))
      found = found.flatMap((directory) =>
        namesIn(tree, directory)
          .filter((name) => globMatch(part, name))
          .map((name) => below(directory, name)),
      );
    else
      found = found
        .map((directory) => below(directory, unescapePattern(part)))
        .filter((path) => resolveInTree(tree.root, path).missing.length === 0);
  }
  return [...new Set(found)]
    .filter((path) => path !== '' && (!tree.ignores(path) || (isDirectory(tree, path) && tree.mayReinclude(path))))
    .toSorted();
}

function descend(tree: SourceTree, directory: string): string[] {
  return namesIn(tree, directory).flatMap((name) => {
    const path = below(directory, name);
    const { existing } = resolveInTree(tree.root, directory);
    return lstatSync(hostPath(join(existing, name))).isDirectory() ? [path, ...descend(tree, path)] : [];
  });
}

const below = (directory: string, name: string) => (directory === '' ? name : `${directory}/${name}`);

function namesIn(tree: SourceTree, directory: string): string[] {
  return isDirectory(tree, directory) ? readNames(resolveInTree(tree.root, directory).existing) : [];
}

function isDirectory(tree: SourceTree, path: string): boolean {
  const { existing, missing } = resolveInTree(tree.root, path);
  return missing.length === 0 && lstatSync(hostPath(existing)).isDirectory();
}

function describe(tree: SourceTree, path: string, landing: string | undefined): ResolvedSource {
  const { existing } = resolveInTree(tree.root, path);
  return { path, host: existing, isDirectory: lstatSync(hostPath(existing)).isDirectory(), landing };
}

/** Whether `--exclude` leaves out a path, which is relative to the root of the source. */
export function excluder(patterns: readonly string[]): (path: string) => boolean {
  const matcher = ignoreMatcher(patterns);
  return (path) => matcher.ignores(path);
}

import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { hostPath, readNames } from '@shale/core';
import type { SourceTree } from './source-tree.ts';
import type { ResolvedSource } from './sources.ts';

/** Something that a COPY takes. */
export interface WalkEntry {
  /** Below the source: `''` for the source itself. */
  readonly path: string;
  readonly host: string;
  readonly stats: Stats;
}

/**
 * Visits a source and everything below it that is neither ignored nor excluded, parents first, sorted. A directory that
 * is ignored itself is visited only when something in it is not.
 */
export function walkSource(
  tree: SourceTree,
  source: ResolvedSource,
  exclude: (path: string) => boolean,
  visit: (entry: WalkEntry) => void,
): void {
  const ignores =
    source.path === ''
      ? (path: string) => tree.ignores(path)
      : (path: string) => tree.ignores(`${source.path}/${path}`);
  const reincludes =
    source.path === ''
      ? (path: string) => tree.mayReinclude(path)
      : (path: string) => tree.mayReinclude(`${source.path}/${path}`);

  const walk = (directory: string, host: string, held: WalkEntry[]): void => {
    for (const name of readNames(host).sort()) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const child = `${host}/${name}`;
      const left = ignores(path);
      const excluded = exclude(path);
      if (left && !reincludes(path)) continue;
      const stats = lstatSync(hostPath(child));
      const entry = { path, host: child, stats };
      const isDirectory = stats.isDirectory();
      if (left || excluded) {
        if (isDirectory) walk(path, child, [...held, entry]);
        continue;
      }
      for (const parent of held.splice(0)) visit(parent);
      visit(entry);
      if (isDirectory) walk(path, child, []);
    }
  };

  visit({ path: '', host: source.host, stats: lstatSync(hostPath(source.host)) });
  if (source.isDirectory) walk('', source.host, []);
}

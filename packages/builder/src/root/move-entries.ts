import { lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { hostPath, readNames } from '@shale/core/archive';
import { applyMetadata } from '../tree/apply-metadata.ts';
import { exactStats } from '../tree/exact-time.ts';
import { removeTree } from '../tree/remove-tree.ts';
import type { KeptPaths } from './kept-paths.ts';
import { moveNode, type MovedLinks } from './move-node.ts';

export interface MoveEntriesOptions {
  readonly kept: KeptPaths;
  /** Where the root that is changed is. @default '' */
  readonly root?: string | undefined;
  /** Called for each thing that is moved as a whole, before or after that, with its path inside the root. */
  readonly onMove?: ((path: string) => void) | undefined;
}

export interface MoveOutOptions extends MoveEntriesOptions {
  /** Whether a directory of the root that leads to something kept gets one in the store for that alone. @default true */
  readonly standIns?: boolean | undefined;
}

/**
 * Moves everything in the root but what is kept into `store`. Directories that hold something kept stay as well, and a
 * directory like each stands for it in the store.
 */
export function moveOut(store: string, options: MoveOutOptions): void {
  moveOutOf('', store, options, new Map());
}

function moveOutOf(path: string, store: string, options: MoveOutOptions, links: MovedLinks): void {
  const { kept, root = '', onMove } = options;
  const directory = `${root}${path}`;
  const stats = exactStats(directory === '' ? '/' : directory);
  for (const name of readNames(directory === '' ? '/' : directory)) {
    const [inside, from, to] = [`${path}/${name}`, `${directory}/${name}`, `${store}/${name}`];
    if (kept.has(inside)) continue;
    if (kept.isAbove(inside) && exactStats(from).isDirectory()) {
      moveOutAround(inside, to, options, links);
      continue;
    }
    onMove?.(inside);
    moveNode(from, to, links);
  }
  applyMetadata(store, stats);
}

/** Where the store has something else than a directory, what is in the real one has no place. */
function moveOutAround(path: string, store: string, options: MoveOutOptions, links: MovedLinks): void {
  const { root = '', standIns = true } = options;
  const present = lstatSync(hostPath(store), { throwIfNoEntry: false });
  if (present !== undefined && !present.isDirectory()) return removeAround(path, options);
  if (present === undefined) {
    mkdirSync(hostPath(store));
    applyMetadata(store, exactStats(`${root}${path}`));
  }
  moveOutOf(path, store, options, links);
  if (present === undefined && !standIns && readNames(store).length === 0) rmdirSync(hostPath(store));
}

function removeAround(path: string, options: MoveEntriesOptions): void {
  const { kept, root = '' } = options;
  for (const name of readNames(`${root}${path}`)) {
    const inside = `${path}/${name}`;
    if (kept.has(inside)) continue;
    if (kept.isAbove(inside)) removeAround(inside, options);
    else removeTree(`${root}${inside}`);
  }
}

/**
 * Moves everything in `store` into the root, around what is kept there: what would be in its place stays in the store, out
 * of sight.
 */
export function moveIn(store: string, options: MoveEntriesOptions): void {
  moveInto('', store, options, new Map());
}

function moveInto(path: string, store: string, options: MoveEntriesOptions, links: MovedLinks): void {
  const { kept, root = '', onMove } = options;
  const directory = `${root}${path}`;
  const stats = exactStats(store);
  for (const name of readNames(store)) {
    const [inside, from, to] = [`${path}/${name}`, `${store}/${name}`, `${directory}/${name}`];
    if (kept.has(inside)) continue;
    if (kept.isAbove(inside) && lstatSync(hostPath(to), { throwIfNoEntry: false })?.isDirectory() === true) {
      if (exactStats(from).isDirectory()) moveInto(inside, from, options, links);
      continue;
    }
    moveNode(from, to, links);
    onMove?.(inside);
  }
  applyMetadata(directory === '' ? '/' : directory, stats);
}

import { mkdirSync, readdirSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import { removeTree } from '../tree/remove-tree.ts';
import { requireContainer } from '../host/container.ts';
import { moveIn, moveOut } from './move-entries.ts';
import { requireToStay } from './require-to-stay.ts';
import { OWN_DIRECTORY, RootExchange } from './root-exchange.ts';

export interface ReplaceRootOptions extends CallOptions {
  /** Absolute: the finished root file system. It is moved, so it is gone afterwards. */
  readonly tree: string;
  /** Absolute paths that stay as they are, with everything below them. */
  readonly keep: readonly string[];
  /** Absolute: where this program and the tree are. It stays too. @default '/.envbuilder' */
  readonly directory?: string | undefined;
}

/**
 * Makes a tree the root file system of the running container, for good: renamed around mounts and around what is kept, and
 * copied only from another file system. Killed in the middle, it can be done again with a new tree.
 * @throws {NotInContainerError} outside a container, and where this program would be gone with the old root.
 */
export async function replaceRoot({
  tree,
  keep,
  directory = OWN_DIRECTORY,
  signal,
}: ReplaceRootOptions): Promise<void> {
  requireContainer('The root file system cannot be replaced');
  signal?.throwIfAborted();
  readdirSync(tree); // before anything is lost for it
  const exchange = new RootExchange(directory, keep);
  requireToStay(exchange, 'The root file system cannot be replaced');
  exchange.open();
  exchange.recover();
  const kept = exchange.keptNow();
  const old = exchange.newAside();
  mkdirSync(old, { mode: 0o700 });
  moveOut(old, { kept });
  moveIn(tree, { kept });
  removeTree(old);
  removeTree(tree);
}

/**
 * Puts back the container's root file system after a process was killed while it ran a step in place. To be called first
 * thing, before any file outside of `directory` is read.
 * @returns Whether there was anything to put back.
 */
export function recoverRoot(directory: string = OWN_DIRECTORY): boolean {
  return new RootExchange(directory).recover();
}

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, isDigest } from '@shale/core';
import { StoreDirectory } from '@shale/core/files';
import type { CacheKey } from '../keys/cache-key.ts';
import { FORMAT_DIRECTORY } from '../directory/record-path.ts';

/** Holds an empty file for each key, so that any number of processes may pin at the same time. */
const PIN_DIRECTORY = [FORMAT_DIRECTORY, 'pins'] as const;

/** Reads the keys that no prune removes: give them to `prune` as `pins`. */
export async function readPins(root: string): Promise<ReadonlySet<CacheKey>> {
  if (!(await new StoreDirectory(root).has(...PIN_DIRECTORY))) return new Set();
  const names = await readdir(join(root, ...PIN_DIRECTORY));
  return new Set(names.map((name) => `sha256:${name}` as const).filter(isDigest));
}

export async function pinEntries(root: string, keys: Iterable<CacheKey>): Promise<void> {
  const store = new StoreDirectory(root);
  for (const key of keys) await store.write(PIN_DIRECTORY, digestHex(key), '');
}

export async function unpinEntries(root: string, keys: Iterable<CacheKey>): Promise<void> {
  if (!(await new StoreDirectory(root).has(...PIN_DIRECTORY))) return;
  for (const key of keys) await rm(join(root, ...PIN_DIRECTORY, digestHex(key)), { force: true });
}

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, isDigest } from '@shale/core';
import { undefinedIfMissing } from '@shale/core/files';
import type { CacheKey } from '../keys/cache-key.ts';
import { FORMAT_DIRECTORY } from '../directory/record-path.ts';

/** An empty file a key, so that any number of processes may pin at once. */
const PIN_DIRECTORY = 'pins';

/** Keys of a directory cache that are to stay, whatever `prune` is asked for: give them to it as `pins`. */
export async function readPins(root: string): Promise<ReadonlySet<CacheKey>> {
  const names = await readdir(pinDirectory(root)).catch(undefinedIfMissing);
  return new Set((names ?? []).map((name) => `sha256:${name}` as const).filter(isDigest));
}

export async function pinEntries(root: string, keys: Iterable<CacheKey>): Promise<void> {
  await mkdir(pinDirectory(root), { recursive: true });
  for (const key of keys) await writeFile(join(pinDirectory(root), digestHex(key)), '');
}

export async function unpinEntries(root: string, keys: Iterable<CacheKey>): Promise<void> {
  for (const key of keys) await rm(join(pinDirectory(root), digestHex(key)), { force: true });
}

function pinDirectory(root: string): string {
  return join(root, FORMAT_DIRECTORY, PIN_DIRECTORY);
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex } from '@shale/core';
import { StoreDirectory } from '@shale/core/files';
import type { CacheScope } from '../contract/cache-scope.ts';
import { entryTag } from '../contract/cache-scope.ts';
import type { CacheKey } from '../keys/cache-key.ts';

/** Holds every file of this version of the format. Each version has its own directory, so that several share a root. */
export const FORMAT_DIRECTORY = 'v1';

const SHARD = /^[0-9a-f]{2}$/;

/** The directory of a key's records below the root: `v1/<first two digits of the key>`. */
export function shardOf(key: CacheKey): readonly string[] {
  return [FORMAT_DIRECTORY, digestHex(key).slice(0, 2)];
}

/** `<root>/v1/<first two digits of the key>/<tag>` */
export function recordPath(root: string, key: CacheKey, scope: CacheScope): string {
  return join(root, ...shardOf(key), entryTag(key, scope));
}

/**
 * The directories that hold records. A symlink in place of one is skipped.
 * @throws {StoreInvalidError} where `v1` is a symlink.
 */
export async function shards(root: string): Promise<readonly string[]> {
  if (!(await new StoreDirectory(root).has(FORMAT_DIRECTORY))) return [];
  const directory = join(root, FORMAT_DIRECTORY);
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => SHARD.test(entry.name) && entry.isDirectory());
  return found.map(({ name }) => join(directory, name));
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex } from '@shale/core';
import type { CacheScope } from '../contract/cache-scope.ts';
import { entryTag } from '../contract/cache-scope.ts';
import type { CacheKey } from '../keys/cache-key.ts';

/** Holds every file of this version of the format. Another version gets another directory, so that both share a root. */
export const FORMAT_DIRECTORY = 'v1';

const SHARD = /^[0-9a-f]{2}$/;

/** `<root>/v1/<first two digits of the key>/<tag>` */
export function recordPath(root: string, key: CacheKey, scope: CacheScope): string {
  return join(root, FORMAT_DIRECTORY, digestHex(key).slice(0, 2), entryTag(key, scope));
}

/** The directories that hold records. */
export async function shards(root: string): Promise<readonly string[]> {
  const directory = join(root, FORMAT_DIRECTORY);
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => SHARD.test(name)).map((name) => join(directory, name));
}

import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheKey } from './cache-key.ts';
import type { StoredRecord } from './cache-record.ts';
import { parseCacheRecord } from './cache-record.ts';
import type { CacheScope } from './cache-scope.ts';
import { parseEntryTag } from './cache-scope.ts';
import { FORMAT_DIRECTORY, parseRecordFile } from './record-file.ts';

export interface RecordFile {
  readonly path: string;
  /** The name of the file, which is the entry's tag. */
  readonly tag: string;
  readonly key: CacheKey;
  readonly scope: CacheScope;
  /** `undefined` for one that cannot be read. */
  readonly stored: StoredRecord | undefined;
}

const SHARD = /^[0-9a-f]{2}$/;

/** Every record file of a directory cache, in no order. */
export async function* readRecordFiles(root: string): AsyncGenerator<RecordFile> {
  for (const directory of await shards(root)) {
    for (const tag of await readdir(directory).catch(() => [])) {
      const named = parseEntryTag(tag);
      if (named === undefined) continue;
      const path = join(directory, tag);
      yield { path, tag, ...named, stored: readRecord(path) };
    }
  }
}

/** The directories that records are in. */
export async function shards(root: string): Promise<readonly string[]> {
  const directory = join(root, FORMAT_DIRECTORY);
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => SHARD.test(name)).map((name) => join(directory, name));
}

function readRecord(path: string): StoredRecord | undefined {
  try {
    const parsed = parseCacheRecord(parseRecordFile(readFileSync(path)));
    return parsed.kind === 'record' ? parsed.stored : undefined;
  } catch {
    return undefined;
  }
}

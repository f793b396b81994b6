import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFileSync } from '@shale/core/files';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import { parseCacheRecord } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { parseEntryTag } from '../contract/cache-scope.ts';
import { decodeRecord, MAX_RECORD_BYTES } from './record-encoding.ts';
import { shards } from './record-path.ts';

export interface ListedRecord {
  readonly path: string;
  /** The name of the file, which is the entry's tag. */
  readonly tag: string;
  readonly key: CacheKey;
  readonly scope: CacheScope;
  /** `undefined` for a file that is not a valid record. */
  readonly stored: StoredRecord | undefined;
}

/** Every record of a directory cache, in no particular order. */
export async function* listRecords(root: string): AsyncGenerator<ListedRecord> {
  for (const directory of await shards(root)) {
    for (const tag of await readdir(directory).catch(() => [])) {
      const named = parseEntryTag(tag);
      if (named === undefined) continue;
      const path = join(directory, tag);
      yield { path, tag, ...named, stored: readRecord(path) };
    }
  }
}

function readRecord(path: string): StoredRecord | undefined {
  try {
    const content = readRegularFileSync(path, { maxBytes: MAX_RECORD_BYTES });
    const parsed = content && parseCacheRecord(decodeRecord(content));
    return parsed?.kind === 'record' ? parsed.stored : undefined;
  } catch {
    return undefined;
  }
}

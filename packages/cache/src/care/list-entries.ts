import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { CallOptions, Layer, LocalBlobStore } from '@shale/core';
import { blobDirectory } from '@shale/core';
import type { CacheRecord } from '../contract/cache-backend.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { listRecords } from '../directory/list-records.ts';

/** Where the cache in a directory is. A `DirCache` is a `CacheDirectory`. */
export interface CacheDirectory {
  readonly root: string;
  /** @default the blobs below `root` */
  readonly blobs?: LocalBlobStore | undefined;
}

export interface ListedEntry {
  readonly key: CacheKey;
  readonly scope: CacheScope;
  readonly layer: Layer;
  readonly record: CacheRecord;
  /** The size of the layer. Entries that share a layer all have its size. */
  readonly sizeBytes: number;
  readonly lastUsed: Date;
  /** Whether the layer is there. */
  readonly isComplete: boolean;
}

export interface EntryFile {
  readonly path: string;
  /** `undefined` for a file that is not a valid record. */
  readonly entry: ListedEntry | undefined;
  readonly stored: StoredRecord | undefined;
  readonly lastUsedMs: number;
  /** The size of the record. */
  readonly fileBytes: number;
}

/** Every entry of the directory, in no particular order. */
export async function* listEntries(
  directory: CacheDirectory,
  { signal }: CallOptions = {},
): AsyncGenerator<ListedEntry> {
  for await (const { entry } of readEntryFiles(directory)) {
    signal?.throwIfAborted();
    if (entry !== undefined) yield entry;
  }
}

/** Every file of an entry, with what pruning and verifying need. Files that vanish meanwhile are skipped. */
export async function* readEntryFiles({
  root,
  blobs = blobDirectory(root),
}: CacheDirectory): AsyncGenerator<EntryFile> {
  for await (const { path, stored, key, scope } of listRecords(root)) {
    const file = await lstat(path).catch(() => undefined);
    if (file === undefined) continue;
    const usedMs = lastUsedMs(file);
    const entry = stored && {
      key,
      scope,
      layer: stored.layer,
      record: stored.record,
      sizeBytes: stored.layer.descriptor.size,
      lastUsed: new Date(usedMs),
      isComplete: (await blobs.stat(stored.layer.descriptor.digest)) === stored.layer.descriptor.size,
    };
    yield { path, entry, stored, lastUsedMs: usedMs, fileBytes: file.size };
  }
}

/**
 * The time of the last use, which sets the time of the file. A time in the future, set by a wrong clock or on purpose, would
 * protect the file from every prune. So it counts as used when that time was set.
 */
export function lastUsedMs({ mtimeMs, ctimeMs }: Stats): number {
  return Math.min(mtimeMs, ctimeMs);
}

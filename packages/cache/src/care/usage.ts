import { lstat } from 'node:fs/promises';
import type { CallOptions, Digest } from '@shale/core';
import { blobDirectory } from '@shale/core';
import { readLeftovers } from './leftovers.ts';
import type { CacheDirectory } from './list-entries.ts';
import { readEntryFiles } from './list-entries.ts';

export interface CacheUsage {
  readonly entries: number;
  /** Layers of entries; a layer of several entries counts once. */
  readonly layers: number;
  readonly layerBytes: number;
  readonly recordBytes: number;
  /** Entries without their layer, and records that are not valid. */
  readonly brokenEntries: number;
  /** Blobs that no entry refers to: documents of the image layout and, in a shared store, everything that others need. */
  readonly otherBlobBytes: number;
  /** Half-written files, and those in quarantine. */
  readonly leftoverBytes: number;
  /** The time since the last use of the least recently used entry, in milliseconds. */
  readonly longestIdleMs: number;
}

/** Measures a directory cache. */
export async function cacheUsage(directory: CacheDirectory, { signal }: CallOptions = {}): Promise<CacheUsage> {
  const { root, blobs = blobDirectory(root) } = directory;
  const layers = new Map<Digest, number>();
  let [entries, recordBytes, brokenEntries, longestIdleMs] = [0, 0, 0, 0];
  for await (const { entry, fileBytes, lastUsedMs } of readEntryFiles({ root, blobs })) {
    signal?.throwIfAborted();
    entries += 1;
    recordBytes += fileBytes;
    longestIdleMs = Math.max(longestIdleMs, Date.now() - lastUsedMs);
    if (entry?.isComplete === true) layers.set(entry.layer.descriptor.digest, entry.sizeBytes);
    else brokenEntries += 1;
  }
  let otherBlobBytes = 0;
  for await (const digest of blobs.list()) {
    signal?.throwIfAborted();
    if (!layers.has(digest)) otherBlobBytes += (await lstat(blobs.pathOf(digest)).catch(() => undefined))?.size ?? 0;
  }
  let leftoverBytes = 0;
  for await (const { sizeBytes } of readLeftovers(root, blobs, Number.POSITIVE_INFINITY)) leftoverBytes += sizeBytes;
  const layerBytes = [...layers.values()].reduce((sum, size) => sum + size, 0);
  const sizes = { layerBytes, recordBytes, otherBlobBytes, leftoverBytes };
  return { entries, layers: layers.size, brokenEntries, longestIdleMs, ...sizes };
}

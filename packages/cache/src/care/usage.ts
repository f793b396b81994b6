import { lstat } from 'node:fs/promises';
import type { CallOptions, Digest } from '@shale/core';
import { blobDirectory } from '@shale/core';
import { readLeftovers } from './leftovers.ts';
import type { CacheDirectory } from './list-entries.ts';
import { readEntryFiles } from './list-entries.ts';

export interface CacheUsage {
  readonly entries: number;
  /** Layers that entries name, each once. */
  readonly layers: number;
  readonly layerBytes: number;
  readonly recordBytes: number;
  /** Entries whose layer is gone, and records that cannot be read. */
  readonly brokenEntries: number;
  /** Blobs that no entry names: documents of the image layout, and in a shared store all that is there for others. */
  readonly otherBlobBytes: number;
  /** Half-written and damaged files. */
  readonly leftoverBytes: number;
  /** Of the entry used longest ago. */
  readonly longestIdleMs: number;
}

/** What a directory cache holds and takes. */
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

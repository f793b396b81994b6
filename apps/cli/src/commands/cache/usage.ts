import { lstat } from 'node:fs/promises';
import { cacheMountUsage, snapshotUsage } from '@shale/builder/care';
import { cacheUsage, listEntries, readStoreEntries } from '@shale/cache/care';
import { blobDirectory, type CallOptions, type Digest } from '@shale/core';
import { stateReferences } from '@shale/wiring';
import type { cacheReportOptions } from '../../options/cache-care.ts';
import { formatBytes } from '../../terminal/format.ts';
import { palette } from '../../terminal/palette.ts';
import { formatTable } from '../../terminal/table.ts';
import { takeCareNamespaces } from '../../wire/own-namespaces.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import { ago } from './list.ts';
import { type DirectoryPlace, openCachePlace, type RegistryPlace } from './place.ts';

/** One kind of thing, and what it takes. */
interface UsageRow {
  readonly type: string;
  readonly count: number;
  readonly sizeBytes: number;
  /** What pruning could give back. */
  readonly reclaimableBytes: number;
  /** Of the one used longest ago. */
  readonly leastUsed?: Date | undefined;
}

/** `shale cache du`. */
export async function runUsage(invocation: Invocation<typeof cacheReportOptions>): Promise<void> {
  const { options, stdout, env, signal } = invocation;
  await takeCareNamespaces(invocation);
  await using place = openCachePlace(invocation);
  const rows =
    place.type === 'directory' ? await directoryUsage(place, { signal }) : await registryUsage(place, { signal });
  const total = {
    sizeBytes: rows.reduce((sum, row) => sum + row.sizeBytes, 0),
    reclaimableBytes: rows.reduce((sum, row) => sum + row.reclaimableBytes, 0),
  };
  if (options.json) return void stdout.write(`${JSON.stringify({ cache: place.name, types: rows, ...total })}\n`);
  const cells = rows.map(({ type, count, sizeBytes, reclaimableBytes, leastUsed }) => [
    type,
    String(count),
    formatBytes(sizeBytes),
    formatBytes(reclaimableBytes),
    leastUsed === undefined ? '' : ago(leastUsed),
  ]);
  cells.push(['total', '', formatBytes(total.sizeBytes), formatBytes(total.reclaimableBytes), '']);
  stdout.write(formatTable(['TYPE', 'COUNT', 'SIZE', 'RECLAIMABLE', 'OLDEST USE'], cells, palette(stdout, env)));
}

async function directoryUsage(place: DirectoryPlace, options: CallOptions): Promise<readonly UsageRow[]> {
  const { directory, stateDir } = place;
  const blobs = directory.blobs ?? blobDirectory(directory.root);
  const [usage, roots, layers] = [await cacheUsage(directory, options), new Set<Digest>(), new Map<Digest, number>()];
  if (stateDir !== undefined) for await (const digest of stateReferences(stateDir, options)) roots.add(digest);
  for await (const { layer } of listEntries(directory, options))
    layers.set(layer.descriptor.digest, layer.descriptor.size);
  const shared = [...layers].reduce((sum, [digest, size]) => sum + (roots.has(digest) ? size : 0), 0);
  const [images, others] = [counter('images'), counter('blobs')];
  for await (const digest of blobs.list()) {
    if (layers.has(digest)) continue;
    const size = (await lstat(blobs.pathOf(digest)).catch(() => undefined))?.size ?? 0;
    if (roots.has(digest)) images.add(size, 0);
    else others.add(size, size);
  }
  const { entries, layerBytes, recordBytes, longestIdleMs, leftoverBytes } = usage;
  const sizeBytes = layerBytes + recordBytes;
  const leastUsed = entries === 0 ? undefined : new Date(Date.now() - longestIdleMs);
  const rows = [
    { type: 'layers', count: entries, sizeBytes, reclaimableBytes: sizeBytes - shared, leastUsed },
    ...(stateDir === undefined ? [others.row()] : [images.row(), others.row(), await snapshotRow(stateDir, options)]),
    await mountRow(stateDir ?? directory.root, options),
  ];
  if (leftoverBytes > 0)
    rows.push({ type: 'leftovers', count: 0, sizeBytes: leftoverBytes, reclaimableBytes: leftoverBytes });
  return rows;
}

async function snapshotRow(stateDir: string, options: CallOptions): Promise<UsageRow> {
  const snapshots = counter('snapshots');
  for (const { sizeBytes, lastUsed } of await snapshotUsage(stateDir, options))
    snapshots.add(sizeBytes, sizeBytes, lastUsed);
  return snapshots.row();
}

async function mountRow(parent: string, options: CallOptions): Promise<UsageRow> {
  const mounts = counter('cache mounts');
  for (const { sizeBytes, lastUsed } of await cacheMountUsage(parent, options))
    mounts.add(sizeBytes, sizeBytes, lastUsed);
  return mounts.row();
}

async function registryUsage({ store }: RegistryPlace, options: CallOptions): Promise<readonly UsageRow[]> {
  const layers = new Map<Digest, number>();
  let [count, oldest] = [0, undefined as Date | undefined];
  for await (const { stored } of readStoreEntries(store, options)) {
    const { digest, size } = stored.layer.descriptor;
    const { created } = stored.record;
    layers.set(digest, size);
    count += 1;
    if (oldest === undefined || created < oldest) oldest = created;
  }
  const sizeBytes = [...layers.values()].reduce((sum, size) => sum + size, 0);
  return [{ type: 'layers', count, sizeBytes, reclaimableBytes: sizeBytes, leastUsed: oldest }];
}

function counter(type: string) {
  let [count, sizeBytes, reclaimableBytes, leastUsed] = [0, 0, 0, undefined as Date | undefined];
  return {
    add(size: number, reclaimable: number, lastUsed?: Date) {
      count += 1;
      sizeBytes += size;
      reclaimableBytes += reclaimable;
      if (lastUsed !== undefined && (leastUsed === undefined || lastUsed < leastUsed)) leastUsed = lastUsed;
    },
    row: (): UsageRow => ({ type, count, sizeBytes, reclaimableBytes, leastUsed }),
  };
}

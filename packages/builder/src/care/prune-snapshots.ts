import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { CallOptions } from '@shale/core';
import { loadSystemCalls } from '@shale/core/linux';
import { diskUsage } from '../tree/disk-usage.ts';
import { SnapshotDirectory } from '../snapshotters/snapshot-directory.ts';

export interface SnapshotUsage {
  readonly path: string;
  /** The snapshotter that keeps it, and its format: `overlay-v1`, `copy-v1`. */
  readonly kind: string;
  /** What it takes on the disk. */
  readonly sizeBytes: number;
  readonly lastUsed: Date;
}

export interface PruneSnapshotsOptions extends CallOptions {
  /** Snapshots that were not used for this long go, in milliseconds; 0 is all that nobody uses now. */
  readonly keepDurationMs?: number | undefined;
  /** Snapshots go, those used longest ago first, until they take no more than this. */
  readonly maxSizeBytes?: number | undefined;
  /** Snapshots go, those used longest ago first, until the file system has this much left. */
  readonly minFreeBytes?: number | undefined;
  /** Says what would go. @default false */
  readonly dryRun?: boolean | undefined;
}

const PARENTS = ['snapshots', 'trees'];

/** What the snapshots of a state folder take, used longest ago first. They are copies of layers, and can all be made again. */
export async function snapshotUsage(stateDir: string, options?: CallOptions): Promise<SnapshotUsage[]> {
  const usages: SnapshotUsage[] = [];
  for (const { kind, snapshots } of openAll(stateDir)) {
    for (const { path, lastUsedMs } of snapshots.list()) {
      options?.signal?.throwIfAborted();
      usages.push({ path, kind, sizeBytes: diskUsage(path), lastUsed: new Date(lastUsedMs) });
      await setImmediate(); // trees are large, and others have work to do
    }
  }
  return usages.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
}

/** Removes snapshots that nobody uses, and what killed builds left; returns those that went. */
export async function pruneSnapshots(stateDir: string, options: PruneSnapshotsOptions): Promise<SnapshotUsage[]> {
  const usages = await snapshotUsage(stateDir, options);
  const directories = new Map(openAll(stateDir).map(({ kind, snapshots }) => [kind, snapshots]));
  const removed: SnapshotUsage[] = [];
  let totalBytes = usages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let freed = 0;
  for (const usage of usages) {
    options.signal?.throwIfAborted();
    if (!isDue(usage, totalBytes, freed, stateDir, options)) continue;
    const isGone = options.dryRun === true || directories.get(usage.kind)?.remove(nameOf(usage.path)) === true;
    if (!isGone) continue;
    removed.push(usage);
    totalBytes -= usage.sizeBytes;
    freed += options.dryRun === true ? usage.sizeBytes : 0;
    await setImmediate();
  }
  return removed;
}

function isDue(
  { lastUsed, sizeBytes }: SnapshotUsage,
  totalBytes: number,
  freedBytes: number,
  stateDir: string,
  { keepDurationMs, maxSizeBytes, minFreeBytes }: PruneSnapshotsOptions,
): boolean {
  if (keepDurationMs !== undefined && Date.now() - lastUsed.getTime() >= keepDurationMs) return true;
  if (sizeBytes === 0) return false;
  if (maxSizeBytes !== undefined && totalBytes > maxSizeBytes) return true;
  return minFreeBytes !== undefined && freeBytes(stateDir) + freedBytes < minFreeBytes;
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

function openAll(stateDir: string): { readonly kind: string; readonly snapshots: SnapshotDirectory }[] {
  const calls = loadSystemCalls();
  return PARENTS.map((parent) => join(stateDir, parent))
    .filter((parent) => existsSync(parent))
    .flatMap((parent) =>
      readdirSync(parent).map((kind) => ({ kind, snapshots: new SnapshotDirectory(join(parent, kind), calls) })),
    );
}

import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { CallOptions } from '@shale/core';
import { cacheMountRoot, removeUnused, slotsOf } from '../snapshotters/cache-mounts.ts';
import { diskUsage } from '../tree/disk-usage.ts';

export interface CacheMountUsage {
  readonly path: string;
  /** What it takes on the disk. */
  readonly sizeBytes: number;
  readonly lastUsed: Date;
}

export interface PruneCacheMountsOptions extends CallOptions {
  /** Directories that were not used for this long go, in milliseconds; 0 is all that nobody uses now. */
  readonly keepDurationMs: number;
  /** Says what would go. @default false */
  readonly dryRun?: boolean | undefined;
}

/** What the directories of `RUN --mount=type=cache` take, used longest ago first. */
export async function cacheMountUsage(parent: string, options?: CallOptions): Promise<CacheMountUsage[]> {
  const usages: CacheMountUsage[] = [];
  for (const path of slots(cacheMountRoot(parent))) {
    options?.signal?.throwIfAborted();
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) usages.push({ path, sizeBytes: diskUsage(path), lastUsed: stats.mtime });
    await setImmediate(); // trees are large, and others have work to do
  }
  return usages.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
}

/** Removes directories that no step uses; returns those that went. What was in them is lost: it cannot be made again. */
export async function pruneCacheMounts(
  parent: string,
  { keepDurationMs, dryRun = false, signal }: PruneCacheMountsOptions,
): Promise<CacheMountUsage[]> {
  const usages = await cacheMountUsage(parent, { signal });
  const due = usages.filter(({ lastUsed }) => Date.now() - lastUsed.getTime() >= keepDurationMs);
  return due.filter(({ path }) => dryRun || (!existsSync(`${path}.lock`) && removeUnused(path)));
}

function slots(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((id) => slotsOf(join(root, id)));
}

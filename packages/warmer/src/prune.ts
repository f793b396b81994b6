import { rm } from 'node:fs/promises';
import { type Digest, formatReference, type Reference } from '@shale/core';
import type { WarmListener } from './warm-event.ts';
import type { WarmedDirectory, WarmedEntry } from './warmed-directory.ts';

export interface PruneOptions {
  /** References whose images are kept. */
  readonly keep: readonly Reference[];
  /** How long an image is kept after its last reference is gone, for builds that have just looked it up. @default 600_000 */
  readonly graceMs?: number | undefined;
  readonly onEvent?: WarmListener | undefined;
}

export interface PruneResult {
  readonly removed: readonly Digest[];
  readonly freedBytes: number;
}

const GRACE_MS = 10 * 60 * 1000;

/** Removes the images that `keep` does not refer to. A build that has one open can read it to its end. */
export async function pruneUnnamed(directory: WarmedDirectory, options: PruneOptions): Promise<PruneResult> {
  const kept = new Set(options.keep.map(formatReference));
  const pointers = await directory.pointers();
  const dropped = pointers.filter(({ reference }) => !kept.has(reference));
  for (const { path, digest } of dropped) {
    await directory.touch(digest);
    await rm(path, { force: true });
  }
  const named = new Set(pointers.filter(({ reference }) => kept.has(reference)).map(({ digest }) => digest));
  const oldest = Date.now() - (options.graceMs ?? GRACE_MS);
  const unnamed = (await directory.entries()).filter(
    ({ digest, confirmedMs }) => !named.has(digest) && confirmedMs <= oldest,
  );
  return removeEntries(directory, unnamed, options.onEvent);
}

export interface EvictOptions {
  readonly maxBytes: number;
  /** References whose images are kept even if they take more. */
  readonly keep: readonly Reference[];
  readonly onEvent?: WarmListener | undefined;
}

/** Removes images until they take at most `maxBytes`. Starts with those that a registry confirmed longest ago. */
export async function evictOldest(
  directory: WarmedDirectory,
  { maxBytes, keep, onEvent }: EvictOptions,
): Promise<PruneResult> {
  const kept = new Set(keep.map(formatReference));
  const pointers = await directory.pointers();
  const named = new Set(pointers.filter(({ reference }) => kept.has(reference)).map(({ digest }) => digest));
  const entries = await directory.entries();
  let excess = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - maxBytes;
  const evicted: WarmedEntry[] = [];
  for (const entry of entries.toSorted((a, b) => a.confirmedMs - b.confirmedMs)) {
    if (excess <= 0) break;
    if (named.has(entry.digest)) continue;
    evicted.push(entry);
    excess -= entry.sizeBytes;
  }
  const gone = new Set(evicted.map(({ digest }) => digest));
  for (const { path, digest } of pointers) if (gone.has(digest)) await rm(path, { force: true });
  return removeEntries(directory, evicted, onEvent);
}

async function removeEntries(
  directory: WarmedDirectory,
  entries: readonly WarmedEntry[],
  onEvent: WarmListener = () => undefined,
): Promise<PruneResult> {
  for (const { digest, sizeBytes } of entries) {
    await directory.remove(digest);
    onEvent({ type: 'image.removed', digest, sizeBytes });
  }
  return {
    removed: entries.map(({ digest }) => digest),
    freedBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

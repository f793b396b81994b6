import { pruneCacheMounts, pruneSnapshots, snapshotUsage } from '@shale/builder/care';
import { type CacheKey } from '@shale/cache';
import {
  cacheUsage,
  prune,
  type Pruned,
  type PrunedStoreEntry,
  type PruneReport,
  pruneStore,
  readPins,
} from '@shale/cache/care';
import { stateReferences } from '@shale/wiring';
import type { pruneOptions } from '../../options/cache-care.ts';
import { parseSize } from '../../options/size.ts';
import { palette } from '../../terminal/palette.ts';
import { formatTable } from '../../terminal/table.ts';
import { UsageError } from '../../errors/usage-error.ts';
import { takeCareNamespaces } from '../../wire/own-namespaces.ts';
import type { Invocation } from '../../spec/command-spec.ts';
import { instructionOf, listedLayer, storedLayer } from './cached-layer.ts';
import { type CacheFilter, type CacheType, filterHolds, parseCacheFilter } from './filter.ts';
import { type DirectoryPlace, openCachePlace, type RegistryPlace } from './place.ts';
import { resolveKeys } from './resolve-keys.ts';
import { type PruneOutcome, pruneSummary, type Removed, removedRows, sumOf } from './show-pruned.ts';

/** What was asked for, read. */
interface PruneWishes {
  readonly filter: CacheFilter;
  readonly pins: ReadonlySet<CacheKey>;
  readonly maxSizeBytes: number | undefined;
  readonly minFreeBytes: number | undefined;
  readonly keepDurationMs: number | undefined;
  readonly graceMs: number;
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Longer than the interval at which uses are recorded. */
const GRACE_MS = 20 * 60_000;

/** `shale cache prune`. */
export async function runPrune(invocation: Invocation<typeof pruneOptions>): Promise<void> {
  const { options, stdout, stderr, env, signal } = invocation;
  await takeCareNamespaces(invocation);
  const asked = readWishes(invocation);
  await using place = openCachePlace(invocation);
  const given = options.pin.length === 0 ? [] : await resolveKeys(place, options.pin, { signal });
  const kept = place.type === 'directory' ? await readPins(place.directory.root) : [];
  const wishes = { ...asked, pins: new Set([...kept, ...given]) };
  const outcome = place.type === 'registry' ? await pruneRegistry(place, wishes) : await pruneFolder(place, wishes);
  if (options.json) {
    const report = { cache: place.name, dryRun: options.dryRun, freedBytes: sumOf(outcome.removed), ...outcome };
    return void stdout.write(`${JSON.stringify(report)}\n`);
  }
  const headings = ['TYPE', 'WHAT', 'SIZE', place.type === 'registry' ? 'CREATED' : 'USED', 'WHY'];
  stdout.write(formatTable(headings, removedRows(outcome.removed, options.verbose), palette(stdout, env)));
  stderr.write(pruneSummary(outcome, { ...wishes, isAsked: wishes.all || wishes.filter.isAboutEntries }));
}

function readWishes({ options, signal }: Invocation<typeof pruneOptions>): Omit<PruneWishes, 'pins'> {
  const { all, dryRun, keepDuration, grace = GRACE_MS } = options;
  const sizeOf = (text: string | undefined, name: string) =>
    text === undefined ? undefined : parseSize(text, { name });
  return {
    filter: parseCacheFilter(options.filter),
    maxSizeBytes: sizeOf(options.maxSize, '--max-size'),
    minFreeBytes: sizeOf(options.minFree, '--min-free'),
    keepDurationMs: keepDuration,
    graceMs: grace,
    all,
    dryRun,
    signal,
  };
}

async function pruneRegistry({ store }: RegistryPlace, wishes: PruneWishes): Promise<PruneOutcome> {
  const { filter, keepDurationMs, maxSizeBytes, minFreeBytes, all, pins, dryRun, signal } = wishes;
  if (minFreeBytes !== undefined) throw new UsageError('--min-free needs a cache on this machine');
  if (!all && !filter.isAboutEntries && keepDurationMs === undefined && maxSizeBytes === undefined) {
    const hint = 'Say what goes: --keep-duration, --max-size, --filter or --all.';
    throw new UsageError('A registry has nothing that goes by itself', { hint });
  }
  const pruned = await pruneStore(store, {
    maxAgeMs: keepDurationMs,
    maxSizeBytes,
    filter: all || filter.isAboutEntries ? (entry) => filterHolds(filter, storedLayer(entry)) : undefined,
    pins,
    dryRun,
    signal,
  });
  return { removed: pruned.map(removedStoreEntry) };
}

/** Copies go before what they are copies of: `--max-size` is for snapshots and layers together. */
async function pruneFolder(place: DirectoryPlace, wishes: PruneWishes): Promise<PruneOutcome> {
  const { directory, stateDir } = place;
  const { filter, all, keepDurationMs, maxSizeBytes, minFreeBytes, pins, graceMs, dryRun, signal } = wishes;
  const mounts = await pruneMounts(stateDir ?? directory.root, wishes);
  const trees = stateDir === undefined ? NO_TREES : await pruneTrees(stateDir, place, wishes);
  const report = await prune(directory, {
    all,
    filter: filter.isAboutEntries ? (entry) => filterHolds(filter, listedLayer(entry)) : undefined,
    keepDurationMs,
    maxSizeBytes: maxSizeBytes === undefined ? undefined : Math.max(0, maxSizeBytes - trees.snapshotBytes),
    minFreeBytes,
    pins,
    references: stateDir === undefined ? undefined : (options) => stateReferences(stateDir, options),
    graceMs,
    dryRun,
    signal,
  });
  return { removed: [...mounts, ...trees.removed, ...report.pruned.map(removedEntry)], kept: keptOf(report) };
}

interface PrunedTrees {
  readonly removed: readonly Removed[];
  /** What snapshots still take. */
  readonly snapshotBytes: number;
}

const NO_TREES: PrunedTrees = { removed: [], snapshotBytes: 0 };

const isMeant = (type: CacheType, { filter }: PruneWishes) => filter.types?.has(type) ?? !filter.isAboutEntries;

async function pruneMounts(parent: string, wishes: PruneWishes): Promise<readonly Removed[]> {
  const { dryRun, signal } = wishes;
  const keepDurationMs = idleLimit(wishes);
  if (keepDurationMs === undefined || !isMeant('cache-mount', wishes)) return [];
  const mounts = await pruneCacheMounts(parent, { keepDurationMs, dryRun, signal });
  return mounts.map((usage) => removedTree('cache-mount', usage));
}

async function pruneTrees(stateDir: string, { directory }: DirectoryPlace, wishes: PruneWishes): Promise<PrunedTrees> {
  const { maxSizeBytes, minFreeBytes, dryRun, signal } = wishes;
  const keepDurationMs = idleLimit(wishes);
  const usages = await snapshotUsage(stateDir, { signal });
  if (!isMeant('snapshot', wishes)) return NO_TREES;
  const snapshots = await pruneSnapshots(stateDir, {
    keepDurationMs,
    maxSizeBytes: maxSizeBytes === undefined ? undefined : Math.max(0, maxSizeBytes - (await entryBytes(directory))),
    minFreeBytes,
    dryRun,
    signal,
  });
  return {
    removed: snapshots.map((usage) => removedTree('snapshot', usage)),
    snapshotBytes: sumOf(usages) - sumOf(snapshots),
  };
}

/** After which trees go; `undefined` when only limits of size were given. */
function idleLimit({ all, filter, keepDurationMs, graceMs }: PruneWishes): number | undefined {
  const limits = [keepDurationMs, filter.unusedForMs].filter((limit) => limit !== undefined);
  if (limits.length > 0) return Math.max(graceMs, Math.min(...limits));
  return all || filter.types !== undefined ? graceMs : undefined;
}

async function entryBytes(directory: DirectoryPlace['directory']): Promise<number> {
  const { layerBytes, recordBytes } = await cacheUsage(directory);
  return layerBytes + recordBytes;
}

function removedTree(
  type: CacheType,
  { path, sizeBytes, lastUsed }: { readonly path: string; readonly sizeBytes: number; readonly lastUsed: Date },
): Removed {
  return { type, reason: type === 'snapshot' ? 'copy' : 'asked', path, sizeBytes, lastUsed };
}

function removedEntry({ reason, path, sizeBytes, entry }: Pruned): Removed {
  const isBlob = reason === 'unreferenced' || reason === 'abandoned';
  if (entry === undefined) return { type: isBlob ? 'blob' : 'layer', reason, path, sizeBytes };
  const { key, lastUsed, record } = entry;
  return { type: 'layer', reason, key, instruction: instructionOf(record), lastUsed, sizeBytes };
}

function removedStoreEntry({ key, record, sizeBytes }: PrunedStoreEntry): Removed {
  const { created: lastUsed } = record;
  return { type: 'layer', reason: 'asked', key, instruction: instructionOf(record), lastUsed, sizeBytes };
}

function keptOf({ entries, sizeBytes }: PruneReport): PruneOutcome['kept'] {
  return { entries, sizeBytes };
}

import { lstat, rm, statfs } from 'node:fs/promises';
import type { CallOptions, Descriptor, Digest, LocalBlobStore } from '@shale/core';
import { blobDirectory, describeManifest } from '@shale/core';
import type { CacheKey } from '../keys/cache-key.ts';
import { writeLayout } from '../directory/write-layout.ts';
import { readLeftovers } from './leftovers.ts';
import type { CacheDirectory, EntryFile, ListedEntry } from './list-entries.ts';
import { lastUsedMs, readEntryFiles } from './list-entries.ts';
import { ReferenceCount } from './reference-count.ts';

export interface PruneOptions extends CallOptions {
  /** Removes the least recently used entries until layers and records take no more than this. @default no limit */
  readonly maxSizeBytes?: number | undefined;
  /** Removes entries that were not used for this long, in milliseconds. @default no limit */
  readonly keepDurationMs?: number | undefined;
  /** Removes the least recently used entries until the file system has this much free space. @default no limit */
  readonly minFreeBytes?: number | undefined;
  /** Removes every entry that `filter`, `pins` and `graceMs` do not protect. @default false */
  readonly all?: boolean | undefined;
  /** Removes only entries for which this holds; without a limit all of them. @default any */
  readonly filter?: ((entry: ListedEntry) => boolean) | undefined;
  /** Keys whose entries are kept. */
  readonly pins?: ReadonlySet<CacheKey> | undefined;
  /**
   * Lists the blobs that others need, such as images in the same store (`layoutReferences`). All other blobs without an entry
   * are removed. Without this option that is done only where the blobs belong to the cache alone.
   */
  readonly references?: ((options: CallOptions) => AsyncIterable<Digest>) | undefined;
  /** Keeps what was used or written within this time, in milliseconds: builds may be using it. @default 20 minutes */
  readonly graceMs?: number | undefined;
  /** Removes nothing, and reports what would be removed. @default false */
  readonly dryRun?: boolean | undefined;
}

export type PruneReason =
  /** `all`, or `filter` alone. */
  | 'asked'
  /** `keepDurationMs` */
  | 'idle'
  | 'max-size'
  | 'min-free'
  /** A record that is not valid. */
  | 'corrupt'
  /** A record whose layer is missing. */
  | 'incomplete'
  /** A blob that nothing refers to. */
  | 'unreferenced'
  /** A file that was half-written by a process that ended, or is in quarantine. */
  | 'abandoned';

export interface Pruned {
  readonly reason: PruneReason;
  readonly path: string;
  /** The space that its removal frees. That of an entry includes its layer if no other entry has it. */
  readonly sizeBytes: number;
  readonly entry?: ListedEntry | undefined;
}

export interface PruneReport {
  readonly pruned: readonly Pruned[];
  readonly freedBytes: number;
  /** The entries that are kept, and their size. */
  readonly entries: number;
  readonly sizeBytes: number;
}

/** Longer than the interval at which uses are recorded. */
const GRACE_MS = 20 * 60_000;

/**
 * Makes a directory cache smaller. Builds may run at the same time: what they used lately is kept, and a build that misses a
 * layer makes it again.
 * @example
 * const { freedBytes } = await prune({ root: '/var/cache/shale' }, { maxSizeBytes: 20 * 2 ** 30 });
 */
export async function prune(directory: CacheDirectory, options: PruneOptions = {}): Promise<PruneReport> {
  const { root, blobs = blobDirectory(root) } = directory;
  const plan = new PrunePlan({ root, blobs, options });
  await plan.load();
  await plan.choose();
  const pruned = options.dryRun === true ? plan.chosen : await remove(plan.chosen, { blobs, ...plan.limits });
  if (options.dryRun !== true && blobs.root === root && pruned.length > 0) await writeLayout(root, blobs, options);
  const freedBytes = pruned.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return { pruned: pruned.map(withoutBlobs), freedBytes, ...plan.remaining };
}

interface Chosen extends Pruned {
  /** The blobs that are removed with it. */
  readonly blobs: readonly Digest[];
  /** It is kept if it was used after this time. */
  readonly lastUsedMs: number;
}

interface PrunePlace {
  readonly root: string;
  readonly blobs: LocalBlobStore;
  readonly options: PruneOptions;
}

interface RemoveLimits extends CallOptions {
  /** What was changed after this time is kept. */
  readonly youngestMs: number;
}

/** Collects what is there, and chooses what to remove. */
class PrunePlan {
  readonly #place: PrunePlace;
  readonly #youngestMs: number;
  readonly #references = new ReferenceCount();
  /** The least recently used entry first. */
  readonly #kept: EntryFile[] = [];
  readonly #chosen: Chosen[] = [];
  #sizeBytes = 0;

  constructor(place: PrunePlace) {
    this.#place = place;
    this.#youngestMs = Date.now() - (place.options.graceMs ?? GRACE_MS);
  }

  get chosen(): readonly Chosen[] {
    return this.#chosen;
  }

  get remaining(): Pick<PruneReport, 'entries' | 'sizeBytes'> {
    return { entries: this.#kept.length, sizeBytes: this.#sizeBytes };
  }

  get limits(): RemoveLimits {
    return { youngestMs: this.#youngestMs, signal: this.#place.options.signal };
  }

  get #ownsBlobs(): boolean {
    return this.#place.blobs.root === this.#place.root;
  }

  async load(): Promise<void> {
    const { signal, references } = this.#place.options;
    for await (const digest of references?.({ signal }) ?? []) this.#references.pin(digest);
    for await (const file of readEntryFiles(this.#place)) {
      signal?.throwIfAborted();
      this.#kept.push(file);
      this.#sizeBytes += file.fileBytes + this.#references.add(this.#blobsOf(file));
    }
    this.#kept.sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  }

  async choose(): Promise<void> {
    const { all = false, filter, maxSizeBytes, keepDurationMs, minFreeBytes } = this.#place.options;
    const hasLimit = maxSizeBytes !== undefined || keepDurationMs !== undefined || minFreeBytes !== undefined;
    this.#take('corrupt', ({ stored }) => stored === undefined);
    this.#take('incomplete', ({ entry }) => entry?.isComplete === false);
    if (all || (filter !== undefined && !hasLimit)) this.#take('asked', () => true);
    const oldestMs = Date.now() - (keepDurationMs ?? Number.POSITIVE_INFINITY);
    this.#take('idle', ({ lastUsedMs }) => lastUsedMs < oldestMs);
    this.#take('max-size', () => this.#sizeBytes > (maxSizeBytes ?? Number.POSITIVE_INFINITY));
    if (minFreeBytes !== undefined) await this.#takeForSpace(minFreeBytes);
    await this.#takeUnreferenced();
    const leftovers = readLeftovers(this.#place.root, this.#place.blobs, this.#youngestMs);
    for await (const file of leftovers)
      this.#chosen.push({ reason: 'abandoned', ...file, blobs: [], lastUsedMs: Number.POSITIVE_INFINITY });
  }

  /** Chooses entries for which `isTaken` holds. It is called for each entry in turn, the least recently used one first. */
  #take(reason: PruneReason, isTaken: (file: EntryFile) => boolean): void {
    for (const file of this.#kept.splice(0)) {
      if (this.#mayGo(file) && isTaken(file)) this.#drop(reason, file);
      else this.#kept.push(file);
    }
  }

  #mayGo({ entry, lastUsedMs }: EntryFile): boolean {
    if (lastUsedMs > this.#youngestMs) return false;
    if (entry === undefined) return true;
    const { filter, pins } = this.#place.options;
    return pins?.has(entry.key) !== true && filter?.(entry) !== false;
  }

  #drop(reason: PruneReason, file: EntryFile): void {
    const { path, entry, lastUsedMs, fileBytes } = file;
    const freed = this.#references.remove(this.#blobsOf(file));
    const sizeBytes = fileBytes + freed.bytes;
    this.#sizeBytes -= sizeBytes;
    this.#chosen.push({ reason, path, sizeBytes, entry, blobs: freed.digests, lastUsedMs });
  }

  async #takeForSpace(minFreeBytes: number): Promise<void> {
    if (this.#kept.length === 0) return;
    const { bavail, bsize } = await statfs(this.#place.blobs.root);
    let freeBytes = bavail * bsize + this.#chosen.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    this.#take('min-free', (file) => {
      if (freeBytes >= minFreeBytes) return false;
      freeBytes += file.fileBytes + (file.entry?.sizeBytes ?? 0);
      return true;
    });
  }

  async #takeUnreferenced(): Promise<void> {
    const { blobs, options } = this.#place;
    if (!this.#ownsBlobs && options.references === undefined) return;
    const going = new Set(this.#chosen.flatMap((chosen) => chosen.blobs));
    for await (const digest of blobs.list()) {
      if (this.#references.has(digest) || going.has(digest)) continue;
      const path = blobs.pathOf(digest);
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined || lastUsedMs(found) > this.#youngestMs) continue;
      this.#chosen.push({
        reason: 'unreferenced',
        path,
        sizeBytes: found.size,
        blobs: [digest],
        lastUsedMs: lastUsedMs(found),
      });
    }
  }

  /** The layer of an entry and, where the cache is an image layout, the documents of its image. */
  #blobsOf({ stored }: EntryFile): readonly Descriptor[] {
    if (stored === undefined) return [];
    const { layer, manifest, raw } = stored;
    return this.#ownsBlobs ? [layer.descriptor, manifest.config, describeManifest(raw)] : [layer.descriptor];
  }
}

/** Removes records before layers, so that a build that finds a record most likely finds its layer. */
async function remove(
  chosen: readonly Chosen[],
  { blobs, youngestMs, signal }: RemoveLimits & { readonly blobs: LocalBlobStore },
): Promise<readonly Chosen[]> {
  const removed: Chosen[] = [];
  for (const item of chosen) {
    signal?.throwIfAborted();
    if ((await changedMs(item.path)) > item.lastUsedMs) continue; // it was used after it was chosen
    if (item.reason !== 'unreferenced') await rm(item.path, { force: true, recursive: true });
    removed.push(item);
  }
  for (const digest of new Set(removed.flatMap((item) => item.blobs))) {
    signal?.throwIfAborted();
    // skipped if a build has just used it again
    if ((await changedMs(blobs.pathOf(digest))) <= youngestMs) await blobs.delete(digest);
  }
  return removed;
}

async function changedMs(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? 0 : lastUsedMs(found);
}

function withoutBlobs({ reason, path, sizeBytes, entry }: Chosen): Pruned {
  return { reason, path, sizeBytes, entry };
}

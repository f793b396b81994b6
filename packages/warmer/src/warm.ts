import {
  type CallOptions,
  type Digest,
  formatReference,
  hostPlatform,
  type ImageStore,
  type Platform,
  type Reference,
} from '@shale/core';
import { ageMs } from '@shale/core/files';
import type { WarmedPointer } from '@shale/cache/base-images';
import pLimit from 'p-limit';
import { removeAbandonedFiles } from './abandoned-files.ts';
import { layOutArchive } from './archive-layout.ts';
import type { EntryForm } from './entry-form.ts';
import { Leases, removeOrphanedLeases } from './lease.ts';
import { removeAllAttempts } from './partial-image.ts';
import { evictOldest, pruneUnnamed } from './prune.ts';
import { isEntryWhole, pullImage } from './pull-image.ts';
import { ImageResolver, resolveTarget } from './resolve-image.ts';
import { BaseImageCacheFullError, SpaceBudget } from './space-budget.ts';
import type { WarmListener, WarmResult } from './warm-event.ts';
import { mergeTargets, type WarmTarget } from './warm-plan.ts';
import { WarmedDirectory, type WarmedEntry } from './warmed-directory.ts';

export interface WarmOptions extends CallOptions {
  /** The absolute path of the directory to fill. It is made if it does not exist. */
  readonly directory: string;
  /** Opens the repository of a reference. */
  readonly open: (reference: Reference) => ImageStore;
  /** The form of new images in the directory. Existing images keep theirs. @default 'tar' */
  readonly form?: EntryForm | undefined;
  /**
   * An image expires when no registry confirmed it for this long, in milliseconds. An expired image is verified before it
   * counts as up to date, and fetched again if it is damaged. @default no limit
   */
  readonly ttlMs?: number | undefined;
  /** Fetches images even if they are here. @default false */
  readonly force?: boolean | undefined;
  /** Concurrent images. @default 4 */
  readonly concurrency?: number | undefined;
  /** Removes images that are not in the plan. @default false */
  readonly prune?: boolean | undefined;
  /** More references whose images `prune` and `maxBytes` do not remove. @default none */
  readonly keep?: readonly Reference[] | undefined;
  /** How long `prune` keeps an image after its last reference is gone, in milliseconds. @default 600_000 */
  readonly graceMs?: number | undefined;
  /** The most bytes that all images may take. Images that are not in the plan are removed, oldest first. @default no limit */
  readonly maxBytes?: number | undefined;
  readonly onEvent?: WarmListener | undefined;
}

const DEFAULT_CONCURRENCY = 4;

/**
 * Updates a directory of base images from their registries. A tag that did not move costs one HEAD. An image that cannot be
 * refreshed is kept: the last good copy is never removed. Any number of warmers may run on one directory.
 * @returns one result for each image and platform. Failures are results, not rejections.
 * @throws the signal's reason.
 * @example
 * await warm([{ reference: parseReference('debian:12'), platforms: [hostPlatform()] }], {
 *   directory: '/var/cache/images',
 *   open: (reference) => client.repository(reference),
 * });
 */
export async function warm(plan: readonly WarmTarget[], options: WarmOptions): Promise<readonly WarmResult[]> {
  const { concurrency = DEFAULT_CONCURRENCY, maxBytes, prune, graceMs, onEvent, signal } = options;
  const directory = new WarmedDirectory(options.directory);
  await directory.prepare();
  await removeAbandonedFiles(directory.partial).catch(() => undefined); // housekeeping may fail
  await removeOrphanedLeases(directory.leases, directory.partial).catch(() => undefined);
  const targets = mergeTargets(plan);
  const keep = [...targets.map(({ reference }) => reference), ...(options.keep ?? [])];
  const run = new WarmRun(directory, options, keep);
  const limit = pLimit(concurrency);
  const results = await Promise.all(targets.map((target) => limit(() => run.target(target))));
  signal?.throwIfAborted();
  if (prune) await pruneUnnamed(directory, { keep, graceMs, onEvent });
  if (maxBytes !== undefined) await evictOldest(directory, { maxBytes, keep, onEvent });
  return results.flat();
}

class WarmRun {
  readonly #directory: WarmedDirectory;
  readonly #options: WarmOptions;
  readonly #keep: readonly Reference[];
  readonly #leases: Leases;
  readonly #space: SpaceBudget;
  readonly #oneAtATime = pLimit(1);
  #promisedBytes = 0;

  constructor(directory: WarmedDirectory, options: WarmOptions, keep: readonly Reference[]) {
    this.#directory = directory;
    this.#options = options;
    this.#keep = keep;
    this.#leases = new Leases(directory.leases, directory.partial);
    this.#space = new SpaceBudget(directory.path, () => removeAllAttempts(directory.partial));
  }

  /** Warms all platforms of a reference with one HEAD. */
  async target({ reference, platforms }: WarmTarget): Promise<readonly WarmResult[]> {
    const { signal } = this.#options;
    const startedMs = performance.now();
    signal?.throwIfAborted();
    this.#report({ type: 'image.started', reference });
    try {
      const store = this.#options.open(reference);
      const { digest } = await resolveTarget(store, reference, { signal });
      const resolver = new ImageResolver({ store, reference, directory: this.#directory, signal });
      const wanted = platforms === 'all' ? ((await resolver.platforms(digest)) ?? [hostPlatform()]) : platforms;
      const images = wanted.map((platform) => this.#image({ reference, platform, digest, store, resolver, startedMs }));
      return await Promise.all(images);
    } catch (error) {
      signal?.throwIfAborted();
      const known = platforms === 'all' ? await this.#knownPlatforms(reference) : platforms;
      const lost = known.length > 0 ? known : [undefined];
      return Promise.all(lost.map((platform) => this.#keepCopy({ reference, platform, startedMs }, error)));
    }
  }

  async #image(request: ImageRequest): Promise<WarmResult> {
    const { reference, platform, digest: target, startedMs } = request;
    try {
      const pointer = await this.#directory.pointer(reference, platform).catch(() => undefined);
      const entry = pointer?.target === target ? await this.#directory.entry(pointer.digest) : undefined;
      const isRefused = this.#options.force === true || (entry !== undefined && !(await this.#isTrusted(entry)));
      if (entry !== undefined && !isRefused) {
        await this.#directory.confirm(reference, { platform, digest: entry.digest });
        const facts = { digest: entry.digest, sizeBytes: entry.sizeBytes, fetchedBytes: 0, error: undefined };
        return this.#finish({ reference, platform, status: 'unchanged', ...facts, durationMs: since(startedMs) });
      }
      return await this.#pull({ ...request, force: isRefused }, pointer);
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      return this.#keepCopy({ reference, platform, startedMs }, error);
    }
  }

  /** Whether the image was confirmed lately, or every blob of it is valid. */
  async #isTrusted(entry: WarmedEntry): Promise<boolean> {
    const { ttlMs = Number.POSITIVE_INFINITY, signal } = this.#options;
    if (ageMs(entry.confirmedMs) < ttlMs) return true;
    return isEntryWhole(this.#directory, entry, { signal });
  }

  async #pull(request: PullRequest, before: WarmedPointer | undefined): Promise<WarmResult> {
    const { reference, platform, digest: target, store, resolver, startedMs, force } = request;
    const { signal, form = 'tar' } = this.#options;
    const resolved = await resolver.image(target, platform);
    const { digest } = resolved.raw;
    const image = { reference, platform };
    const totalBytes = layOutArchive(resolved.manifest, archiveNames(reference)).sizeBytes;
    using _ = await this.#oneAtATime(() => this.#makeRoom(totalBytes, { reference, entryDigest: digest }));
    this.#report({ type: 'image.pulling', image, digest, totalBytes });
    const pulled = await pullImage(resolved, {
      directory: this.#directory,
      leases: this.#leases,
      space: this.#space,
      blobs: store,
      form,
      names: archiveNames(reference),
      force,
      signal,
      onBytes: (bytes) => this.#report({ type: 'image.progress', image, bytes, totalBytes }),
    });
    for (const index of resolved.indexes) await this.#directory.writeIndex(index);
    await this.#directory.writePointer(reference, { platform, target, digest });
    await this.#directory.touch(digest);
    if (before !== undefined && before.digest !== digest) await this.#directory.touch(before.digest);
    return this.#finish({
      reference,
      platform,
      status: pulled.fetchedBytes > 0 ? 'warmed' : 'unchanged',
      digest,
      ...pulled,
      durationMs: since(startedMs),
      error: undefined,
    });
  }

  /**
   * Reserves space under `maxBytes` until disposed.
   * @throws {BaseImageCacheFullError} when the images of the plan alone take too much.
   */
  async #makeRoom(need: number, { reference, entryDigest }: RoomRequest): Promise<Disposable> {
    const { maxBytes, onEvent } = this.#options;
    if (maxBytes !== undefined && (await this.#directory.entry(entryDigest)) === undefined) {
      const most = maxBytes - need - this.#promisedBytes;
      await evictOldest(this.#directory, { maxBytes: most, keep: this.#keep, onEvent });
      const used = await this.#directory.usedBytes();
      if (used > most) {
        const taken = used + this.#promisedBytes;
        throw new BaseImageCacheFullError(
          `${formatReference(reference)} needs ${need} bytes; the images of this plan take ${taken} of at most ${maxBytes}`,
          { hint: 'Raise the limit, or warm fewer images.' },
        );
      }
    }
    this.#promisedBytes += need;
    return { [Symbol.dispose]: () => void (this.#promisedBytes -= need) };
  }

  async #knownPlatforms(reference: Reference): Promise<readonly Platform[]> {
    const pointers = await this.#directory.pointers().catch(() => []);
    return pointers
      .filter(({ reference: name }) => name === formatReference(reference))
      .map(({ platform }) => platform);
  }

  async #keepCopy(failed: FailedRequest, error: unknown): Promise<WarmResult> {
    const { reference, platform, startedMs } = failed;
    const pointer = platform && (await this.#directory.pointer(reference, platform).catch(() => undefined));
    const entry = pointer && (await this.#directory.entry(pointer.digest).catch(() => undefined));
    return this.#finish({
      reference,
      platform,
      status: entry === undefined ? 'failed' : 'stale',
      digest: entry?.digest,
      sizeBytes: entry?.sizeBytes ?? 0,
      fetchedBytes: 0,
      durationMs: since(startedMs),
      error,
    });
  }

  #finish(result: WarmResult): WarmResult {
    this.#report({ type: 'image.finished', result });
    return result;
  }

  #report(event: Parameters<WarmListener>[0]): void {
    this.#options.onEvent?.(event);
  }
}

interface FailedRequest {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly startedMs: number;
}

interface RoomRequest {
  readonly reference: Reference;
  readonly entryDigest: Digest;
}

interface ImageRequest extends FailedRequest {
  readonly platform: Platform;
  /** The digest of the reference in the registry: of a manifest or an index. */
  readonly digest: Digest;
  readonly store: ImageStore;
  readonly resolver: ImageResolver;
}

interface PullRequest extends ImageRequest {
  /** Fetches the image even if it is here. */
  readonly force: boolean;
}

function archiveNames({ registry, repository, tag, digest }: Reference): readonly string[] {
  return tag === undefined && digest !== undefined ? [] : [`${registry}/${repository}:${tag ?? 'latest'}`];
}

function since(startedMs: number): number {
  return performance.now() - startedMs;
}

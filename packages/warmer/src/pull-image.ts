import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import {
  type BlobSource,
  type CallOptions,
  type Digest,
  DigestMismatchError,
  MAX_CONFIG_BYTES,
  ManifestInvalidError,
  SizeMismatchError,
  verifyBlob,
} from '@shale/core';
import { type ArchiveLayout, layOutArchive, type PlacedBlob } from './archive-layout.ts';
import type { Leases } from './lease.ts';
import { once, openPartialFile, publishFile, type PartialFile } from './partial-file.ts';
import type { ResolvedImage } from './resolve-image.ts';
import type { SpaceBudget } from './space-budget.ts';
import type { WarmedDirectory } from './warmed-directory.ts';

export interface PullImageOptions extends CallOptions {
  readonly directory: WarmedDirectory;
  readonly leases: Leases;
  readonly space: SpaceBudget;
  /** Where the image's blobs come from. */
  readonly blobs: BlobSource;
  /** The names that the archive says it has, as `docker.io/library/debian:12`. */
  readonly names: readonly string[];
  /** Fetches what is here already. */
  readonly force: boolean;
  readonly onBytes: (bytes: number) => void;
}

export interface PulledImage {
  readonly sizeBytes: number;
  readonly fetchedBytes: number;
}

/** A blob in an archive that is here. */
export interface FoundBlob extends PlacedBlob {
  readonly path: string;
}

/**
 * Makes the image an entry of the directory: layers that another entry has are copied from there, the rest are fetched,
 * all at once and each to its place in the archive. The entry appears when it is whole, verified and flushed.
 * @throws {NoSpaceError} before anything is fetched, where it cannot fit.
 */
export async function pullImage(image: ResolvedImage, options: PullImageOptions): Promise<PulledImage> {
  const { directory, leases, space, names, force, signal } = options;
  const { digest } = image.raw;
  if (image.manifest.config.size > MAX_CONFIG_BYTES)
    throw new ManifestInvalidError(`The image config is larger than ${MAX_CONFIG_BYTES} bytes`);
  const layout = layOutArchive(image.manifest, names);
  await mkdir(directory.path, { recursive: true });
  await using _ = await leases.take(await absent(layout, directory), { signal });
  const present = await directory.entry(digest);
  if (present !== undefined && !force) return { sizeBytes: present.sizeBytes, fetchedBytes: 0 };
  try {
    using _ = await space.reserve(layout.sizeBytes, names[0] ?? digest);
    await using file = await openPartialFile(directory.partial, layout.sizeBytes);
    const fetchedBytes = await fill(file, layout, options);
    await publishFile(directory.partial, directory.manifestPath(digest), image.raw.bytes);
    await file.publish(directory.archivePath(digest));
    return { sizeBytes: layout.sizeBytes, fetchedBytes };
  } catch (error) {
    throw await space.explain(error, layout.sizeBytes, names[0] ?? digest);
  }
}

async function absent({ blobs }: ArchiveLayout, directory: WarmedDirectory): Promise<readonly Digest[]> {
  const here = await blobsOf(directory);
  return blobs.map(({ blob }) => blob.digest).filter((digest) => !here.has(digest));
}

async function fill(file: PartialFile, layout: ArchiveLayout, options: PullImageOptions): Promise<number> {
  const { directory, force, onBytes, signal } = options;
  const here = force ? new Map<Digest, FoundBlob>() : await blobsOf(directory);
  // The first failure stops the others: nothing may write to a file that is being given up.
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let bytes = 0;
  let fetchedBytes = 0;
  const count = (more: number) => onBytes((bytes += more));
  for (const { offset, bytes: content } of layout.frame) await file.writeAt(offset, once(content), count);
  const placed = layout.blobs.map(async ({ blob, offset }) => {
    try {
      const copy = here.get(blob.digest);
      if (copy !== undefined && (await isCopied(file.writeAt(offset, readFound(copy, stop), count)))) return;
      await file.writeAt(offset, options.blobs.read(blob, { signal: stop }), count);
      fetchedBytes += blob.size;
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(placed);
  failed.signal.throwIfAborted();
  return fetchedBytes;
}

/** A copy that is gone or damaged by now is no copy: the blob is fetched. */
async function isCopied(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isGone || error instanceof DigestMismatchError || error instanceof SizeMismatchError) return false;
    throw error;
  }
}

function readFound({ path, blob, offset }: FoundBlob, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const content = createReadStream(path, {
    start: offset,
    end: offset + blob.size - 1,
    highWaterMark: 1024 * 1024,
    signal,
  });
  return verifyBlob(blob, content);
}

/** Every blob of the directory, by where this package's layout puts it: kaniko's archives have the same. */
export async function blobsOf(directory: WarmedDirectory): Promise<ReadonlyMap<Digest, FoundBlob>> {
  const entries = await directory.entries();
  return new Map(
    entries.flatMap(({ digest, manifest }) =>
      layOutArchive(manifest, []).blobs.map(
        (placed) => [placed.blob.digest, { ...placed, path: directory.archivePath(digest) }] as const,
      ),
    ),
  );
}

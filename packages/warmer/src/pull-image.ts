import { mkdir } from 'node:fs/promises';
import {
  BlobMissingError,
  type BlobSource,
  type CallOptions,
  type Descriptor,
  type Digest,
  DigestMismatchError,
  isResumable,
  ManifestInvalidError,
  MAX_CONFIG_BYTES,
  SizeMismatchError,
  verifyBlob,
} from '@shale/core';
import { layOutArchive } from './archive-layout.ts';
import type { EntryForm } from './entry-form.ts';
import { layoutPath } from './layout-entry.ts';
import type { Leases } from './lease.ts';
import { type FoundBlob, readStoredBytes } from './found-blob.ts';
import { publishFile } from './partial-file.ts';
import { openPartialImage, type PartialImage, removeAttempts } from './partial-image.ts';
import type { ResolvedImage } from './resolve-image.ts';
import type { SpaceBudget } from './space-budget.ts';
import type { WarmedDirectory, WarmedEntry } from './warmed-directory.ts';

export interface PullImageOptions extends CallOptions {
  readonly directory: WarmedDirectory;
  readonly leases: Leases;
  readonly space: SpaceBudget;
  /** The source of the image's blobs. */
  readonly blobs: BlobSource;
  readonly form: EntryForm;
  /** The names that are written into the image, for example `docker.io/library/debian:12`. */
  readonly names: readonly string[];
  /** Fetches the image even if it is here. */
  readonly force: boolean;
  readonly onBytes: (bytes: number) => void;
}

export interface PulledImage {
  readonly sizeBytes: number;
  readonly fetchedBytes: number;
}

/**
 * Adds an image to the directory. Layers that another image has are copied from there, and the other ones are fetched, all at
 * once. The image becomes visible when it is complete, verified and flushed.
 * @throws {BaseImageCacheFullError} before anything is fetched, where it cannot fit.
 */
export async function pullImage(image: ResolvedImage, options: PullImageOptions): Promise<PulledImage> {
  const { directory, leases, space, form, names, force, signal } = options;
  const { digest } = image.raw;
  if (image.manifest.config.size > MAX_CONFIG_BYTES)
    throw new ManifestInvalidError(`The image config is larger than ${MAX_CONFIG_BYTES} bytes`);
  const { sizeBytes } = layOutArchive(image.manifest, names);
  const blobs = distinctBlobs(image);
  await mkdir(directory.path, { recursive: true });
  await using _ = await leases.take(await absent(blobs, directory), { signal });
  const present = await directory.entry(digest);
  if (present !== undefined && !force) return { sizeBytes: present.sizeBytes, fetchedBytes: 0 };
  try {
    await using partial = await openPartialImage(image, { directory: directory.partial, form, names });
    const here = blobs.reduce((sum, blob) => sum + (partial.start(blob)?.bytes ?? 0), 0);
    using _ = await space.reserve(sizeBytes - here, names[0] ?? digest);
    const fetchedBytes = await fill(partial, blobs, options);
    if (form === 'tar') await publishFile(directory.partial, directory.manifestPath(digest), image.raw.bytes);
    await partial.publish(directory.entryPath(digest));
    await removeAttempts(directory.partial, digest);
    return { sizeBytes, fetchedBytes };
  } catch (error) {
    throw await space.explain(error, sizeBytes, names[0] ?? digest);
  }
}

function distinctBlobs({ manifest }: Pick<ResolvedImage, 'manifest'>): readonly Descriptor[] {
  return [...new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob])).values()];
}

async function absent(blobs: readonly Descriptor[], directory: WarmedDirectory): Promise<readonly Digest[]> {
  const here = await blobsOf(directory);
  return blobs.map(({ digest }) => digest).filter((digest) => !here.has(digest));
}

async function fill(partial: PartialImage, blobs: readonly Descriptor[], options: PullImageOptions): Promise<number> {
  const { directory, force, onBytes, signal } = options;
  const here = force ? new Map<Digest, FoundBlob>() : await blobsOf(directory);
  // The first failure stops the other blobs: nothing may write to a file that is given up.
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let bytes = 0;
  const count = (more: number) => onBytes((bytes += more));
  const filling = blobs.map(async (blob) => {
    try {
      return await fillBlob(partial, blob, { ...options, found: here.get(blob.digest), signal: stop, count });
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const filled = await Promise.allSettled(filling);
  failed.signal.throwIfAborted();
  return filled.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value : 0), 0);
}

interface FillBlobOptions extends Pick<PullImageOptions, 'blobs'> {
  readonly found: FoundBlob | undefined;
  readonly signal: AbortSignal;
  readonly count: (bytes: number) => void;
}

/** @returns the number of bytes that came from the registry */
async function fillBlob(partial: PartialImage, blob: Descriptor, options: FillBlobOptions): Promise<number> {
  const { blobs, found, signal, count } = options;
  if (found !== undefined && (await isRight(takeFound(partial, found, options)))) return 0;
  const start = partial.start(blob);
  if (start !== undefined && isResumable(blobs)) {
    count(start.bytes);
    const writing = { offset: start.bytes, onBytes: count };
    const rest = blobs.readRest(blob, start, { signal });
    if (await isRight(partial.write(blob, rest, writing))) return blob.size - start.bytes;
    count(-start.bytes);
  }
  await partial.write(blob, blobs.read(blob, { signal }), { onBytes: count });
  return blob.size;
}

async function takeFound(partial: PartialImage, found: FoundBlob, { signal, count }: FillBlobOptions): Promise<void> {
  const { blob, path, isWholeFile } = found;
  if (isWholeFile && partial.form === 'oci') {
    await drain(readFound(found, signal)); // which verifies it
    if (await partial.adopt(blob, path)) return count(blob.size);
  }
  await partial.write(blob, readFound(found, signal), { onBytes: count });
}

/** @returns `false` for a blob that is missing or damaged, and must be fetched. */
async function isRight(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof BlobMissingError || error instanceof DigestMismatchError || error instanceof SizeMismatchError)
      return false;
    throw error;
  }
}

function readFound(found: FoundBlob, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const { blob } = found;
  return verifyBlob(blob, readStoredBytes(found, { signal }));
}

/** Finds every blob of the directory by the layout of archives, which is the same as kaniko's. */
export async function blobsOf(directory: WarmedDirectory): Promise<ReadonlyMap<Digest, FoundBlob>> {
  const entries = await directory.entries();
  return new Map(
    entries.flatMap((entry) => blobsOfEntry(directory, entry).map((found) => [found.blob.digest, found] as const)),
  );
}

function blobsOfEntry(directory: WarmedDirectory, entry: WarmedEntry): readonly FoundBlob[] {
  const path = directory.entryPath(entry.digest);
  if (entry.form === 'tar')
    return layOutArchive(entry.manifest, []).blobs.map((placed) => ({ ...placed, path, isWholeFile: false }));
  return distinctBlobs(entry).map((blob) => ({
    blob,
    path: layoutPath(path, blob.digest),
    offset: 0,
    isWholeFile: true,
  }));
}

/** Whether every blob of the image matches its manifest. */
export async function isEntryWhole(
  directory: WarmedDirectory,
  entry: WarmedEntry,
  { signal }: CallOptions = {},
): Promise<boolean> {
  for (const found of blobsOfEntry(directory, entry)) {
    if (!(await isRight(drain(readFound(found, signal))))) return false;
  }
  return true;
}

async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}

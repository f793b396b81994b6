import {
  type CallOptions,
  type Descriptor,
  type Image,
  type ImageStore,
  type ProgressListener,
  type RawManifest,
  streamOf,
} from '@shale/core';
import { describeManifest, DigestMismatchError } from '@shale/core';
import pLimit from 'p-limit';
import { RegistryRefusedError } from './registry-error.ts';
import { Repository } from './repository.ts';

/** An index, and the images of its platforms. */
export interface IndexedImages {
  readonly index: RawManifest;
  readonly images: readonly Image[];
}

export interface CopyOptions extends CallOptions {
  /** @default none: only the digest names the image */
  readonly tags?: readonly string[] | undefined;
  /** Blobs in transfer at once. @default 4 */
  readonly concurrency?: number | undefined;
  /** Further repositories of the target's registry that may hold a blob, as `team/cache`. */
  readonly mountFrom?: readonly string[] | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

const DEFAULT_CONCURRENCY = 4;

/**
 * Copies an image, or an index with its images: blobs first, each digest once, then manifests, children before
 * parents, and tags last. Within one registry blobs are mounted instead of sent.
 * @returns The descriptor that the tags name now.
 */
export async function copyImage(
  source: Image | IndexedImages,
  target: ImageStore,
  options: CopyOptions = {},
): Promise<Descriptor> {
  const images = 'images' in source ? source.images : [source];
  const top = 'images' in source ? source.index : source.manifest;
  if (await isNamedAgain(top, target, options)) return describeManifest(top);
  const blobs = blobsOf(images);
  const putManifests = async () => {
    for (const { manifest } of images) {
      if (manifest !== top) await target.putManifest(manifest.digest, manifest, options);
    }
    for (const name of options.tags?.length ? options.tags : [top.digest]) await target.putManifest(name, top, options);
  };
  const unknown = blobs.filter(({ blob, image }) => image.homes?.get(blob.digest) !== target.name);
  await copyBlobs(unknown, target, options);
  try {
    await putManifests();
  } catch (error) {
    const isMissing = error instanceof RegistryRefusedError && INCOMPLETE.has(error.status);
    if (!isMissing || unknown.length === blobs.length) throw error;
    await copyBlobs(blobs, target, options); // the target does not have every blob that it was known to have
    await putManifests();
  }
  return describeManifest(top);
}

/** Statuses with which registries refuse a manifest whose parts they do not have. */
const INCOMPLETE: ReadonlySet<number> = new Set([400, 404]);

/**
 * Statuses with which registries refuse a manifest whose parts are missing, or a read by a client that may only push.
 */
const NOT_SURE: ReadonlySet<number> = new Set([400, 401, 403, 404]);

/** A registry that has this very manifest has its blobs, and checks that when the manifest is put again. */
async function isNamedAgain(top: RawManifest, target: ImageStore, options: CopyOptions): Promise<boolean> {
  if (!(target instanceof Repository)) return false;
  try {
    if (!(await target.holdsManifest(top.digest, options))) return false;
    for (const name of options.tags?.length ? options.tags : [top.digest]) await target.putManifest(name, top, options);
    return true;
  } catch (error) {
    if (error instanceof RegistryRefusedError && NOT_SURE.has(error.status)) return false;
    throw error;
  }
}

/** The first failure aborts the other copies. */
async function copyBlobs(blobs: readonly BlobCopy[], target: ImageStore, options: CopyOptions): Promise<void> {
  const limit = pLimit(options.concurrency ?? DEFAULT_CONCURRENCY);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const jobs = blobs.map((job) =>
    limit(async () => {
      signal.throwIfAborted();
      await copyBlob(job, target, { ...options, signal });
    }),
  );
  try {
    await Promise.all(jobs);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(jobs);
    options.signal?.throwIfAborted();
    throw error;
  }
}

interface BlobCopy {
  readonly blob: Descriptor;
  readonly image: Image;
  /** The config comes from memory. */
  readonly bytes?: Uint8Array | undefined;
}

function blobsOf(images: readonly Image[]): readonly BlobCopy[] {
  const found = new Map<string, BlobCopy>();
  for (const image of images) {
    for (const { descriptor } of image.layers) found.set(descriptor.digest, { blob: descriptor, image });
    found.set(image.configDescriptor.digest, { blob: image.configDescriptor, image, bytes: image.configBytes });
  }
  return [...found.values()];
}

async function copyBlob(job: BlobCopy, target: ImageStore, options: CopyOptions): Promise<void> {
  const { blob, image, bytes } = job;
  const { signal, onProgress } = options;
  const transfer = { type: 'transfer', direction: 'push', digest: blob.digest, totalBytes: blob.size } as const;
  const onBytes = onProgress && ((sent: number) => onProgress({ ...transfer, bytes: sent, done: false }));
  const content = () => (bytes === undefined ? image.blobs.read(blob, { signal }) : streamOf(bytes));
  const put = () => target.put(blob, content, { signal, onBytes, mountFrom: mountSources(image, target, options) });
  // A source with mirrors asks another mirror the second time.
  await put().catch((error: unknown) => (error instanceof DigestMismatchError ? put() : Promise.reject(error)));
  onProgress?.({ ...transfer, bytes: blob.size, done: true });
}

function mountSources({ origin }: Image, target: ImageStore, { mountFrom = [] }: CopyOptions): readonly string[] {
  if (!(target instanceof Repository)) return [];
  const near = origin.registry?.host === target.registry ? [origin.registry.repository] : [];
  return [...near, ...mountFrom];
}

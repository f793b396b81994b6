import {
  type CallOptions,
  describeManifest,
  type Descriptor,
  type Digest,
  formatReference,
  type Image,
  type ImageSource,
  loadImage,
  type LocalBlobStore,
  messageOf,
  type ProgressListener,
  readBytes,
  type Reference,
  referenceTarget,
  type ResolveOptions,
  streamOf,
} from '@shale/core';
import { type RegistryClient, RegistryRefusedError, RegistryUnreachableError, type Repository } from '@shale/registry';
import { type ImageMemory, readMemory, writeMemory } from './image-memory.ts';
import { keptBlobs } from './kept-blobs.ts';

export interface RememberedImagesOptions {
  readonly client: RegistryClient;
  /** Stores manifests and configs. Layers are read from it before the registry is asked. */
  readonly store: LocalBlobStore;
  /** Holds one small file for each name and platform. */
  readonly directory: string;
  /** Answer from memory alone, and ask no registry. @default false */
  readonly offline?: boolean | undefined;
  /** Whether the last known image is used while the registry does not answer. @default true */
  readonly staleIfError?: boolean | undefined;
  readonly onProgress: ProgressListener;
}

/**
 * Images from registries, with a memory: a tag that did not move costs one HEAD request, and a known digest costs none. A
 * build whose base image is known goes on while the registry is down.
 */
export function rememberedImages(options: RememberedImagesOptions): ImageSource {
  return {
    name: options.offline === true ? 'images seen before (offline)' : 'registry',
    async resolve(reference, resolving) {
      const call = { ...options, reference, resolving };
      const memory = await readMemory(options.directory, reference, resolving.platform);
      if (options.offline === true || (memory !== undefined && reference.digest !== undefined))
        return recall(call, memory);
      try {
        return await ask(call, memory);
      } catch (error) {
        resolving.signal?.throwIfAborted();
        const mayRecall = options.staleIfError !== false && isOutage(error);
        const image = mayRecall ? await recall(call, memory) : undefined;
        if (image === undefined) throw error;
        const message = `Using the last known copy of ${formatReference(reference)}: ${messageOf(error)}`;
        options.onProgress({ type: 'warning', code: 'base-image-stale', message });
        return image;
      }
    },
  };
}

interface Call extends RememberedImagesOptions {
  readonly reference: Reference;
  readonly resolving: ResolveOptions;
}

async function ask(call: Call, memory: ImageMemory | undefined): Promise<Image | undefined> {
  const { client, reference, resolving } = call;
  const repository = client.repository(reference);
  const target = referenceTarget(reference);
  const top = memory === undefined ? undefined : await repository.headManifest(target, resolving);
  if (top !== undefined && top.digest === memory?.top) {
    const known = await recall(call, memory);
    if (known !== undefined) return known;
  }
  const seen: { top?: Digest } = {};
  const image = await loadImage(watchFirstManifest(repository, seen), target, {
    ...resolving,
    origin: originOf(reference),
  });
  if (image === undefined) return undefined;
  await remember(call, image, seen.top ?? image.manifest.digest);
  return { ...image, blobs: keptBlobs(repository, call.store) };
}

/** Notes which manifest or index the tag itself names, before an index is resolved to one platform. */
function watchFirstManifest(repository: Repository, seen: { top?: Digest }) {
  return {
    getManifest: async (target: string, options?: CallOptions) => {
      const found = await repository.getManifest(target, options);
      if (found !== undefined) seen.top ??= found.digest;
      return found;
    },
    headManifest: (target: string, options?: CallOptions) => repository.headManifest(target, options),
    stat: (digest: Digest, options?: CallOptions) => repository.stat(digest, options),
    read: (blob: Descriptor, options?: CallOptions) => repository.read(blob, options),
  };
}

async function recall(
  { client, store, reference, resolving }: Call,
  memory: ImageMemory | undefined,
): Promise<Image | undefined> {
  if (memory === undefined || (await store.stat(memory.manifest.digest)) === undefined) return undefined;
  const { manifest } = memory;
  const blobs = keptBlobs(client.repository(reference), store);
  const source = {
    ...blobs,
    getManifest: async () => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      bytes: await readBytes(store.read(manifest, resolving)),
    }),
    headManifest: async () => manifest,
  };
  const image = await loadImage(source, manifest.digest, { ...resolving, origin: originOf(reference) });
  return image && { ...image, blobs };
}

function originOf(reference: Reference): Image['origin'] {
  const { registry: host, repository } = reference;
  return { source: 'registry', name: formatReference(reference), registry: { host, repository } };
}

/** Whether the registry fails for now, and may answer later. */
function isOutage(error: unknown): boolean {
  if (error instanceof RegistryUnreachableError) return true;
  return error instanceof RegistryRefusedError && (error.status === 429 || error.status >= 500);
}

async function remember({ directory, store, reference, resolving }: Call, image: Image, top: Digest): Promise<void> {
  const manifest = describeManifest(image.manifest);
  await store.put(manifest, () => streamOf(image.manifest.bytes));
  await store.put(image.configDescriptor, () => streamOf(image.configBytes));
  await writeMemory(directory, { reference, platform: resolving.platform, memory: { top, manifest } });
}

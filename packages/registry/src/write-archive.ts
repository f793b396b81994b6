import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import {
  type CallOptions,
  type Descriptor,
  type Digest,
  type Image,
  type ImageConfig,
  type Layer,
  type ProgressListener,
  type RawManifest,
  type Reference,
  streamOf,
} from '@shale/core';
import { consumeBlob, describeManifest, digestAlgorithm, digestHex, MediaType } from '@shale/core';
import { decompress } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import type { IndexedImages } from './copy.ts';
import { PlainTar } from './plain-tar.ts';
import { IMAGE_NAME, LAYOUT_FILE, REF_NAME } from './layout-index.ts';

/** An image for an archive, and its names there. */
export interface NamedImage<Source = Image | IndexedImages> {
  readonly source: Source;
  /** Names with a digest alone are left out. @default none */
  readonly names?: readonly Reference[] | undefined;
}

export interface WriteArchiveOptions extends CallOptions {
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Writes an OCI image layout as one tar: equal images give equal bytes. `sink` is not ended.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @example await writeLayoutTar([{ source: image, names: [parseReference('app:v1')] }], process.stdout);
 */
export async function writeLayoutTar(
  images: readonly NamedImage[],
  sink: Writable,
  options: WriteArchiveOptions = {},
): Promise<void> {
  const archive = new ArchiveFiles(await PlainTar.open(sink, options), options);
  const sources = images.map(({ source }) => source);
  await archive.document('oci-layout', LAYOUT_FILE);
  await archive.document('index.json', JSON.stringify(layoutIndex(images)));
  await archive.blobs([...sources.flatMap(layerFiles), ...sources.flatMap(documentFiles)]);
  await archive.finish();
}

/**
 * Writes an archive for `docker load`, with an OCI layout in it, which newer versions of docker prefer. Layers stay as
 * they are, except those in zstd, which older versions cannot read: they are written uncompressed, and then without a
 * layout. `sink` is not ended.
 */
export async function writeDockerArchive(
  images: readonly NamedImage<Image>[],
  sink: Writable,
  options: WriteArchiveOptions = {},
): Promise<void> {
  const archive = new ArchiveFiles(await PlainTar.open(sink, options), options);
  const layers = images.flatMap(({ source }) => source.layers.map((layer) => ({ layer, image: source })));
  const isPlain = !layers.some(({ layer }) => isZstd(layer));
  const manifest = images.map(({ source, names = [] }) => ({
    Config: blobPath(source.configDescriptor.digest),
    RepoTags: names.filter(({ tag }) => tag !== undefined).map(familiarName),
    Layers: source.layers.map((layer) => blobPath(isZstd(layer) ? layer.diffId : layer.descriptor.digest)),
  }));
  if (isPlain) {
    await archive.document('oci-layout', LAYOUT_FILE);
    await archive.document('index.json', JSON.stringify(layoutIndex(images)));
  }
  await archive.document('manifest.json', JSON.stringify(manifest));
  const documents = images.flatMap(({ source }) => documentFiles(source));
  await archive.blobs([
    ...images.flatMap(({ source }) => layerFiles(source).filter(({ layer }) => layer && !isZstd(layer))),
    ...(isPlain ? documents : documents.filter(({ blob }) => !isManifest(blob, images))),
  ]);
  for (const { layer, image } of layers) if (isZstd(layer)) await archive.unpacked(layer, image);
  await archive.finish();
}

interface BlobFile {
  readonly blob: Descriptor;
  readonly content: () => AsyncIterable<Uint8Array>;
  readonly layer?: Layer | undefined;
}

function layerFiles(source: Image | IndexedImages): readonly BlobFile[] {
  return imagesOf(source).flatMap((image) =>
    image.layers.map((layer) => ({
      blob: layer.descriptor,
      layer,
      content: () => image.blobs.read(layer.descriptor),
    })),
  );
}

function documentFiles(source: Image | IndexedImages): readonly BlobFile[] {
  const memory = (blob: Descriptor, bytes: Uint8Array) => ({
    blob,
    content: () => streamOf(bytes),
  });
  const raw = (manifest: RawManifest) => memory(describeManifest(manifest), manifest.bytes);
  const images = imagesOf(source).flatMap((image) => [
    raw(image.manifest),
    memory(image.configDescriptor, image.configBytes),
  ]);
  return 'images' in source ? [raw(source.index), ...images] : images;
}

function imagesOf(source: Image | IndexedImages): readonly Image[] {
  return 'images' in source ? source.images : [source];
}

function layoutIndex(images: readonly NamedImage[]): object {
  const manifests = images.flatMap(({ source, names = [] }): readonly Descriptor[] => {
    const entry = 'images' in source ? describeManifest(source.index) : describeImage(source);
    const named = names.filter(({ tag }) => tag !== undefined);
    if (named.length === 0) return [entry];
    return named.map(({ registry, repository, tag = '' }) => ({
      ...entry,
      annotations: { [IMAGE_NAME]: `${registry}/${repository}:${tag}`, [REF_NAME]: tag },
    }));
  });
  return { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
}

function describeImage({ manifest, config }: Image): Descriptor {
  return { ...describeManifest(manifest), platform: platformOf(config) };
}

function platformOf({ os, architecture, variant }: ImageConfig): NonNullable<Descriptor['platform']> {
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

/** As docker shows it: `debian:12` for `docker.io/library/debian:12`. */
function familiarName({ registry, repository, tag }: Reference): string {
  const hub = registry === 'docker.io';
  return `${hub ? repository.replace(/^library\//, '') : `${registry}/${repository}`}:${tag}`;
}

function isZstd({ descriptor }: Layer): boolean {
  return descriptor.mediaType === MediaType.ociLayerZstd || descriptor.mediaType === MediaType.dockerLayerZstd;
}

function isManifest({ digest }: Descriptor, images: readonly NamedImage<Image>[]): boolean {
  return images.some(({ source }) => source.manifest.digest === digest);
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** Writes each file once, with the directories that it is in. */
class ArchiveFiles {
  readonly #tar: PlainTar;
  readonly #options: WriteArchiveOptions;
  readonly #written = new Set<string>();

  constructor(tar: PlainTar, options: WriteArchiveOptions) {
    this.#tar = tar;
    this.#options = options;
  }

  document(path: string, text: string): Promise<void> {
    const bytes = Buffer.from(text);
    return this.#file(path, bytes.byteLength, () => streamOf(bytes));
  }

  /** Writes blobs in the order of their digests, so that the order of the images does not change the archive. */
  async blobs(files: readonly BlobFile[]): Promise<void> {
    const sorted = files.toSorted((a, b) => (a.blob.digest < b.blob.digest ? -1 : 1));
    for (const { blob, content } of sorted) {
      await this.#file(blobPath(blob.digest), blob.size, () => this.#reported(blob, content()));
    }
  }

  /** Decompresses a layer into a file first: a tar header needs its size. */
  async unpacked({ descriptor, diffId }: Layer, image: Image): Promise<void> {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'layer.tar');
    const { signal } = this.#options;
    await consumeBlob({ blob: descriptor, blobs: image.blobs, signal }, (content) =>
      pipeline(decompress(content), createWriteStream(path), { signal }),
    );
    const { size } = await stat(path);
    await this.#file(blobPath(diffId), size, () => this.#reported({ ...descriptor, size }, createReadStream(path)));
  }

  async finish(): Promise<void> {
    await this.#tar.finish();
  }

  async #file(path: string, size: number, content: () => AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#written.has(path)) return;
    this.#written.add(path);
    await this.#directories(path);
    await this.#tar.file(path, size, content());
  }

  async #directories(path: string): Promise<void> {
    const parts = path.split('/').slice(0, -1);
    for (const [index] of parts.entries()) {
      const directory = parts.slice(0, index + 1).join('/');
      if (this.#written.has(directory)) continue;
      this.#written.add(directory);
      await this.#tar.directory(directory);
    }
  }

  async *#reported({ digest, size }: Descriptor, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const { onProgress, signal } = this.#options;
    const transfer = { type: 'transfer', direction: 'export', digest, totalBytes: size } as const;
    let bytes = 0;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      bytes += chunk.byteLength;
      onProgress?.({ ...transfer, bytes, done: false });
      yield chunk;
    }
    onProgress?.({ ...transfer, bytes, done: true });
  }
}

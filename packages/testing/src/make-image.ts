import { gzipSync } from 'node:zlib';
import {
  type ContainerConfig,
  type Descriptor,
  type Image,
  type ImageStore,
  type Layer,
  type Platform,
  streamOf,
} from '@shale/core';
import {
  describeManifest,
  formatImageConfig,
  formatManifest,
  type ImageConfig,
  loadImage,
  MediaType,
  sha256,
} from '@shale/core';
import { pack } from 'tar-stream';

/** Paths to contents; a path that ends in `/` is a directory. */
export type LayerFiles = Readonly<Record<string, string | Uint8Array>>;

export interface MakeImageOptions extends Partial<Platform> {
  /** From base to top: files, or the bytes of a whole tar. */
  readonly layers: readonly (LayerFiles | Uint8Array)[];
  readonly config?: ContainerConfig | undefined;
  /** @default 'latest' */
  readonly tag?: string | undefined;
  /** @default 'gzip' */
  readonly compression?: 'gzip' | 'none' | undefined;
  /** Docker's media types instead of OCI's. @default false */
  readonly docker?: boolean | undefined;
}

/** Puts a small image of `linux/amd64` into `store`, the same bytes for the same options, and loads it from there. */
export async function makeImage(store: ImageStore, options: MakeImageOptions): Promise<Image> {
  const { os = 'linux', architecture = 'amd64', variant, tag = 'latest', docker = false } = options;
  const layers: Layer[] = [];
  for (const content of options.layers) {
    const tar = content instanceof Uint8Array ? content : await makeTar(content);
    layers.push(await putLayer(store, tar, options));
  }
  const config: ImageConfig = {
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    config: options.config ?? {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({ created: '1970-01-01T00:00:00Z', created_by: `layer ${index}` })),
  };
  const configType = docker ? MediaType.dockerConfig : MediaType.ociConfig;
  const configDescriptor = await putBytes(store, configType, formatImageConfig(config));
  const manifest = formatManifest({
    schemaVersion: 2,
    mediaType: docker ? MediaType.dockerManifest : MediaType.ociManifest,
    config: configDescriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  await store.putManifest(tag, manifest);
  const platform = { os, architecture, ...(variant !== undefined && { variant }) };
  const image = await loadImage(store, manifest.digest, { platform, origin: { source: 'test', name: store.name } });
  if (image === undefined) throw new Error(`${store.name} does not have the manifest it just took`);
  return image;
}

/** Puts an index over images of the same store. */
export async function makeIndex(store: ImageStore, images: readonly Image[], tag = 'latest'): Promise<Descriptor> {
  const manifests = images.map(({ manifest, config }) => ({
    ...describeManifest(manifest),
    platform: {
      os: config.os,
      architecture: config.architecture,
      ...(config.variant !== undefined && { variant: config.variant }),
    },
  }));
  const raw = formatManifest({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests });
  await store.putManifest(tag, raw);
  return describeManifest(raw);
}

async function putLayer(store: ImageStore, tar: Uint8Array, options: MakeImageOptions): Promise<Layer> {
  const { compression = 'gzip', docker = false } = options;
  const types = docker
    ? { gzip: MediaType.dockerLayerGzip, none: MediaType.dockerLayer }
    : { gzip: MediaType.ociLayerGzip, none: MediaType.ociLayer };
  const bytes = compression === 'gzip' ? gzipSync(tar) : tar;
  return { descriptor: await putBytes(store, types[compression], bytes), diffId: sha256(tar) };
}

/** Puts a blob that is in memory. */
export async function putBytes(store: ImageStore, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.byteLength };
  await store.put(descriptor, () => streamOf(bytes));
  return descriptor;
}

/** Makes a tar with the files in this order, owned by root, with times at the epoch. */
export async function makeTar(files: LayerFiles): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) {
    const type = name.endsWith('/') ? 'directory' : 'file';
    tar.entry({ name, type, mtime: new Date(0), mode: type === 'file' ? 0o644 : 0o755 }, Buffer.from(content));
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

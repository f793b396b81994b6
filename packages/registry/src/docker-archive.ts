import {
  type CallOptions,
  type Descriptor,
  type Digest,
  DigestMeter,
  formatManifest,
  MAX_CONFIG_BYTES,
  MediaType,
  parseImageConfig,
  type RawManifest,
  sha256,
} from '@shale/core';
import { sniffCompression } from '@shale/core/archive';
import { asArray, asObject, asOptional, asString, asStringArray, parseJson } from '@shale/core/json';
import { type ArchiveStore, archiveStore } from './archive-store.ts';
import { readSmall } from './layout-tar.ts';
import { LayoutInvalidError } from './store-error.ts';
import { TarIndex } from './tar-index.ts';

interface DockerImage {
  readonly raw: RawManifest;
  /** As in `debian:12`. */
  readonly names: readonly string[];
}

/**
 * Opens an archive of `docker save` or `podman save`, compressed or not, for reading. Such archives have no manifests:
 * these are made from the configs and layers, equal each time. Tags are found alone (`12`) or with their name
 * (`debian:12`).
 * @throws {LayoutInvalidError} @throws {ArchiveInvalidError}
 */
export async function openDockerArchive(path: string, options?: CallOptions): Promise<ArchiveStore> {
  const files = await TarIndex.open(path, options);
  try {
    const places = new Map<Digest, string | Uint8Array>();
    const images: DockerImage[] = [];
    for (const entry of parseEntries(await readSmall(files, 'manifest.json'), path)) {
      images.push(await readImage(files, entry, { places, options }));
    }
    const names = images.flatMap((image) => image.names);
    return archiveStore({
      name: `docker-archive:${path}`,
      files,
      locate: (digest) => places.get(digest),
      tags: [...new Set(names.map(tagIn))],
      async findManifest(wanted) {
        return images.findLast(
          (image) =>
            image.raw.digest === wanted || image.names.some((name) => name === wanted || tagIn(name) === wanted),
        )?.raw;
      },
    });
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

function tagIn(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

interface ArchiveImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly string[];
}

function parseEntries(bytes: Uint8Array, path: string): readonly ArchiveImage[] {
  const fail = (message: string) => new LayoutInvalidError(`${path}: manifest.json: ${message}`);
  return asArray(parseJson(bytes, 'it', fail), 'it', fail).map((value, index) => {
    const entry = asObject(value, `[${index}]`, fail);
    return {
      config: asString(entry['Config'], 'Config', fail),
      layers: asStringArray(entry['Layers'] ?? [], 'Layers', fail),
      names: asOptional(entry['RepoTags'], (tags) => asStringArray(tags, 'RepoTags', fail)) ?? [],
    };
  });
}

async function readImage(
  files: TarIndex,
  entry: ArchiveImage,
  { places, options }: { places: Map<Digest, string | Uint8Array>; options: CallOptions | undefined },
): Promise<DockerImage> {
  const bytes = await readSmall(files, entry.config, MAX_CONFIG_BYTES);
  const diffIds = parseImageConfig(bytes).rootfs.diff_ids;
  if (diffIds.length !== entry.layers.length) {
    throw new LayoutInvalidError(`${files.path} has ${entry.layers.length} layers for ${diffIds.length} diff_ids`);
  }
  const config = { mediaType: MediaType.dockerConfig, digest: sha256(bytes), size: bytes.byteLength };
  places.set(config.digest, entry.config);
  const layers: Descriptor[] = [];
  for (const [index, name] of entry.layers.entries()) {
    const layer = await describeLayer(files, name, { diffId: diffIds[index] as Digest, options });
    places.set(layer.digest, name);
    layers.push(layer);
  }
  const raw = formatManifest({ schemaVersion: 2, mediaType: MediaType.dockerManifest, config, layers });
  places.set(raw.digest, raw.bytes);
  return { raw, names: entry.names };
}

/**
 * The digest of an uncompressed layer is its DiffID, which is verified when it is read. A compressed layer is hashed.
 */
async function describeLayer(
  files: TarIndex,
  name: string,
  { diffId, options }: { diffId: Digest; options: CallOptions | undefined },
): Promise<Descriptor> {
  const meter = new DigestMeter();
  let mediaType: string | undefined;
  for await (const chunk of files.read(name, options)) {
    mediaType ??= layerType(chunk);
    if (mediaType === MediaType.dockerLayer) {
      return { mediaType, digest: diffId, size: files.size(name) ?? 0 };
    }
    meter.update(chunk);
  }
  return { mediaType: mediaType ?? MediaType.dockerLayer, digest: meter.digest(), size: meter.size };
}

function layerType(start: Uint8Array): string {
  const algorithm = sniffCompression(start);
  if (algorithm === 'gzip') return MediaType.dockerLayerGzip;
  return algorithm === 'zstd' ? MediaType.dockerLayerZstd : MediaType.dockerLayer;
}

import type { BlobSource } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import { ManifestInvalidError, PlatformMissingError } from './errors.ts';
import type { Image, ImageOrigin, ResolveOptions } from './image.ts';
import { parseImageConfig } from './image-config.ts';
import { isIndex, MAX_CONFIG_BYTES, parseManifest } from './manifest.ts';
import type { ImageIndex } from './manifest.ts';
import type { ManifestSource, RawManifest } from './manifest-store.ts';
import { isForeignLayerType, isIndexType } from './media-type.ts';
import { formatPlatform, platformMatches } from './platform.ts';
import type { Platform } from './platform.ts';
import { readBytes } from './verify-blob.ts';

const MAX_INDEX_DEPTH = 4;

/**
 * Loads the image that a tag or digest names for one platform: manifests and config, no layer.
 * @returns `undefined` where the store has no such tag or digest.
 * @throws {PlatformMissingError} with the platforms that the image has.
 */
export async function loadImage(
  store: ManifestSource & BlobSource,
  tagOrDigest: string,
  options: ResolveOptions & { readonly origin: ImageOrigin },
): Promise<Image | undefined> {
  const found = await store.getManifest(tagOrDigest, options);
  if (found === undefined) return undefined;
  const raw = await chooseManifest(store, found, options);
  const manifest = parseManifest(raw);
  if (isIndex(manifest)) throw new ManifestInvalidError('An index names another index as an image');
  if (manifest.config.size > MAX_CONFIG_BYTES)
    throw new ManifestInvalidError(`The image config is larger than ${MAX_CONFIG_BYTES} bytes`);
  const configBytes = await readBytes(store.read(manifest.config, options));
  const config = parseImageConfig(configBytes);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ManifestInvalidError(
      `The manifest has ${manifest.layers.length} layers, its config ${diffIds.length} diff_ids`,
    );
  }
  const layers = manifest.layers.map((descriptor, index) => ({
    descriptor,
    diffId: diffIds[index] as (typeof diffIds)[number],
  }));
  const foreign = layers.find(({ descriptor }) => isForeignLayerType(descriptor.mediaType));
  if (foreign)
    throw new ManifestInvalidError(`Layer ${foreign.descriptor.digest} may not be redistributed, and is not fetched`);
  return {
    manifest: raw,
    config,
    configBytes,
    configDescriptor: manifest.config,
    layers,
    blobs: store,
    origin: options.origin,
  };
}

async function chooseManifest(
  store: ManifestSource,
  start: RawManifest,
  options: ResolveOptions,
): Promise<RawManifest> {
  let current = start;
  for (let depth = 0; isIndexType(current.mediaType); depth += 1) {
    if (depth === MAX_INDEX_DEPTH) throw new ManifestInvalidError(`Indexes are nested deeper than ${MAX_INDEX_DEPTH}`);
    const index = parseManifest(current) as ImageIndex;
    const chosen = choosePlatform(index, options.platform);
    const next = await store.getManifest(chosen.digest, options satisfies CallOptions);
    if (next === undefined) throw new ManifestInvalidError(`The index names ${chosen.digest}, which is not there`);
    current = next;
  }
  return current;
}

function choosePlatform(index: ImageIndex, platform: Platform): ImageIndex['manifests'][number] {
  const match = index.manifests.find(
    (entry) => entry.platform !== undefined && platformMatches(entry.platform, platform),
  );
  const only =
    index.manifests.length === 1 && index.manifests[0]?.platform === undefined ? index.manifests[0] : undefined;
  const chosen = match ?? only;
  if (chosen) return chosen;
  const offered = index.manifests.flatMap((entry) =>
    entry.platform && entry.platform.os !== 'unknown' ? [formatPlatform(entry.platform)] : [],
  );
  throw new PlatformMissingError(
    `No image for ${formatPlatform(platform)}; there is ${[...new Set(offered)].join(', ') || 'none'}`,
    { hint: 'Choose one of these, or another image.' },
  );
}

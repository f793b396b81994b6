import {
  type CallOptions,
  type Descriptor,
  type Digest,
  formatPlatform,
  formatReference,
  type ImageStore,
  isForeignLayerType,
  isIndex,
  type Manifest,
  ManifestInvalidError,
  parseManifest,
  type Platform,
  PlatformMissingError,
  platformMatches,
  type RawManifest,
  type Reference,
  ShaleError,
} from '@shale/core';
import type { WarmedDirectory } from './warmed-directory.ts';

const MAX_INDEX_DEPTH = 4;

/** A reference does not exist in its repository, or cannot be warmed. */
export class WarmFailedError extends ShaleError {
  readonly code = 'WARM_FAILED';
}

/** An image for one platform: its manifest, and the indexes that lead to it. */
export interface ResolvedImage {
  readonly platform: Platform;
  readonly raw: RawManifest;
  readonly manifest: Manifest;
  readonly indexes: readonly RawManifest[];
}

export interface ImageResolverOptions extends CallOptions {
  readonly store: ImageStore;
  readonly reference: Reference;
  readonly directory: WarmedDirectory;
}

/** Finds the image of a reference by its manifests. Those in the directory are not fetched, and the other ones once. */
export class ImageResolver {
  readonly #options: ImageResolverOptions;
  readonly #fetched = new Map<Digest, Promise<RawManifest>>();

  constructor(options: ImageResolverOptions) {
    this.#options = options;
  }

  /** The platforms of the index at `target`. @returns `undefined` when it is not an index. */
  async platforms(target: Digest): Promise<readonly Platform[] | undefined> {
    const document = parseManifest(await this.#fetch(target));
    if (!isIndex(document)) return undefined;
    return document.manifests.flatMap(({ platform }) =>
      platform !== undefined && platform.os !== 'unknown' ? [platform] : [],
    );
  }

  /** @throws {PlatformMissingError} @throws {ManifestInvalidError} */
  async image(target: Digest, platform: Platform): Promise<ResolvedImage> {
    const indexes: RawManifest[] = [];
    let raw = await this.#fetch(target);
    for (let document = parseManifest(raw); ; document = parseManifest(raw)) {
      if (!isIndex(document)) return { platform, raw, manifest: distributable(document), indexes };
      if (indexes.length === MAX_INDEX_DEPTH)
        throw new ManifestInvalidError(`Indexes are nested deeper than ${MAX_INDEX_DEPTH}`);
      indexes.push(raw);
      raw = await this.#fetch(choose(document.manifests, platform, this.#options.reference).digest);
    }
  }

  #fetch(digest: Digest): Promise<RawManifest> {
    const known = this.#fetched.get(digest);
    if (known !== undefined) return known;
    const fetched = this.#get(digest);
    this.#fetched.set(digest, fetched);
    return fetched;
  }

  async #get(digest: Digest): Promise<RawManifest> {
    const { store, directory, signal } = this.#options;
    const here = (await directory.manifest(digest)) ?? (await directory.index(digest));
    const raw = here ?? (await store.getManifest(digest, { signal }));
    if (raw === undefined) throw new WarmFailedError(`${store.name} does not have the manifest ${digest}`);
    return raw;
  }
}

/** The digest of a reference in its repository. A tag costs one HEAD, and a digest costs nothing. */
export async function resolveTarget(
  store: ImageStore,
  reference: Reference,
  options: CallOptions,
): Promise<Pick<Descriptor, 'digest'>> {
  const { digest, tag = 'latest' } = reference;
  if (digest !== undefined) return { digest };
  const found = await store.headManifest(tag, options);
  if (found !== undefined) return found;
  throw new WarmFailedError(`${formatReference(reference)} does not exist`, { hint: 'Check the name and the tag.' });
}

function choose(manifests: readonly Descriptor[], wanted: Platform, reference: Reference): Descriptor {
  const [only] = manifests.length === 1 ? manifests : [];
  const chosen =
    manifests.find(({ platform }) => platform !== undefined && platformMatches(platform, wanted)) ??
    (only?.platform === undefined ? only : undefined);
  if (chosen !== undefined) return chosen;
  const offered = manifests.flatMap(({ platform }) =>
    platform !== undefined && platform.os !== 'unknown' ? [formatPlatform(platform)] : [],
  );
  const list = [...new Set(offered)].join(', ') || 'none';
  throw new PlatformMissingError(
    `${formatReference(reference)} has no image for ${formatPlatform(wanted)}; there is ${list}`,
    { hint: 'Choose one of these, or another image.' },
  );
}

function distributable(manifest: Manifest): Manifest {
  const foreign = manifest.layers.find(({ mediaType }) => isForeignLayerType(mediaType));
  if (foreign === undefined) return manifest;
  throw new ManifestInvalidError(`Layer ${foreign.digest} must not be redistributed, and cannot be fetched`);
}

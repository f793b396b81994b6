import {
  type Descriptor,
  type Digest,
  type ImageIndex,
  isIndex,
  MediaType,
  parseManifest,
  type Reference,
} from '@shale/core';
import { LayoutInvalidError } from './store-error.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** The full reference. containerd, BuildKit and podman write it in addition to the tag. */
export const IMAGE_NAME = 'io.containerd.image.name';

export const LAYOUT_FILE: string = JSON.stringify({ imageLayoutVersion: '1.0.0' });
export const EMPTY_INDEX: ImageIndex = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] };

/** @throws {LayoutInvalidError} naming the layout. */
export function parseLayoutIndex(bytes: Uint8Array, layout: string): ImageIndex {
  try {
    const index = parseManifest({ bytes, mediaType: MediaType.ociIndex });
    if (isIndex(index)) return index;
  } catch (cause) {
    throw new LayoutInvalidError(`${layout}: index.json cannot be read: ${(cause as Error).message}`, { cause });
  }
  throw new LayoutInvalidError(`${layout}: index.json is not an index`);
}

/** @throws {LayoutInvalidError} for a file of another format or version. */
export function checkLayoutFile(bytes: Uint8Array, layout: string): void {
  try {
    const { imageLayoutVersion } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { imageLayoutVersion?: unknown };
    if (imageLayoutVersion === '1.0.0') return;
  } catch {
    // Malformed JSON counts as an unknown version.
  }
  throw new LayoutInvalidError(`${layout} is not an OCI image layout of version 1.0.0: see its oci-layout file`);
}

export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[REF_NAME];
}

/** Finds an entry by tag or digest. The last one counts, because it is the newest. */
export function findEntry(index: ImageIndex, tagOrDigest: string): Descriptor | undefined {
  return index.manifests.findLast((entry) => entry.digest === tagOrDigest || tagOf(entry) === tagOrDigest);
}

/** Finds an entry by full name: a layout may hold equal tags of several repositories. */
export function findReference(index: ImageIndex, reference: Reference): Descriptor | undefined {
  const { registry, repository, tag, digest } = reference;
  const name = `${registry}/${repository}:${tag}`;
  return index.manifests.findLast((entry) =>
    digest === undefined ? entry.annotations?.[IMAGE_NAME] === name || tagOf(entry) === name : entry.digest === digest,
  );
}

/**
 * The index with `tag` at `entry`. Removes the old entry of the tag, and an entry without a tag for the same content.
 */
export function withTag(index: ImageIndex, entry: Descriptor, tag: string): ImageIndex {
  const others = index.manifests.filter(
    (other) => tagOf(other) !== tag && !(other.digest === entry.digest && tagOf(other) === undefined),
  );
  const annotations = { ...entry.annotations, [REF_NAME]: tag };
  return { ...index, manifests: [...others, { ...entry, annotations }] };
}

/** The index with an entry without a tag, unless the content has one. */
export function withDigest(index: ImageIndex, entry: Descriptor): ImageIndex {
  if (index.manifests.some(({ digest }) => digest === entry.digest)) return index;
  return { ...index, manifests: [...index.manifests, entry] };
}

/** The index without the entries of these digests that no tag holds. */
export function withoutUntagged(index: ImageIndex, digests: readonly Digest[]): ImageIndex {
  const manifests = index.manifests.filter((entry) => tagOf(entry) !== undefined || !digests.includes(entry.digest));
  return { ...index, manifests };
}

import type { Descriptor } from './descriptor.ts';
import { parseDescriptor } from './descriptor.ts';
import { sha256 } from './digest.ts';
import { ManifestInvalidError, ManifestUnsupportedError } from './errors.ts';
import { asArray, asObject, asOptional, asString, asStringMap, parseJson } from './json.ts';
import type { RawManifest } from './manifest-store.ts';
import { isIndexType, isManifestType } from './media-type.ts';

/** The largest manifest that is read, in bytes; registries have the same limit. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
/** The largest image config that is read, in bytes. */
export const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/** OCI image manifest, or docker's schema 2: the same shape. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** OCI image index, or docker's manifest list. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const fail = (message: string) => new ManifestInvalidError(message);

/**
 * Reads a manifest or an index, whichever the document is; a document that is both is refused (CVE-2021-41190).
 * @throws {ManifestInvalidError} naming the field. @throws {ManifestUnsupportedError} for schema 1 and unknown types.
 */
export function parseManifest(raw: Pick<RawManifest, 'bytes' | 'mediaType'>): Manifest | ImageIndex {
  if (raw.bytes.byteLength > MAX_MANIFEST_BYTES) throw fail(`The manifest is larger than ${MAX_MANIFEST_BYTES} bytes`);
  const document = asObject(parseJson(raw.bytes, 'manifest', fail), 'manifest', fail);
  if (document['schemaVersion'] !== 2)
    throw new ManifestUnsupportedError(raw.mediaType, { hint: 'Push the image again with a current tool.' });
  const declared = asOptional(document['mediaType'], (value) => asString(value, 'mediaType', fail));
  const mediaType = declared ?? raw.mediaType;
  const isIndex = isIndexType(mediaType);
  if (!isIndex && !isManifestType(mediaType)) throw new ManifestUnsupportedError(mediaType);
  if (isKnown(raw.mediaType) && isIndexType(raw.mediaType) !== isIndex) {
    throw fail(`The manifest says it is ${mediaType}, but was served as ${raw.mediaType}`);
  }
  if ('manifests' in document && ('layers' in document || 'config' in document)) {
    throw fail('The document is a manifest and an index at once');
  }
  const subject = asOptional(document['subject'], (value) => parseDescriptor(value, 'subject'));
  const annotations = asOptional(document['annotations'], (value) => asStringMap(value, 'annotations', fail));
  const common = {
    schemaVersion: 2 as const,
    mediaType,
    ...(subject && { subject }),
    ...(annotations && { annotations }),
  };
  if (isIndex) return { ...common, manifests: parseDescriptors(document['manifests'], 'manifests') };
  const artifactType = asOptional(document['artifactType'], (value) => asString(value, 'artifactType', fail));
  return {
    ...common,
    ...(artifactType !== undefined && { artifactType }),
    config: parseDescriptor(document['config'], 'config'),
    layers: parseDescriptors(document['layers'], 'layers'),
  };
}

const isKnown = (mediaType: string) => isIndexType(mediaType) || isManifestType(mediaType);

function parseDescriptors(value: unknown, path: string): readonly Descriptor[] {
  return asArray(value, path, fail).map((item, index) => parseDescriptor(item, `${path}[${index}]`));
}

export function isIndex(document: Manifest | ImageIndex): document is ImageIndex {
  return 'manifests' in document;
}

/** Serializes a manifest or index, and so decides its digest. */
export function formatManifest(document: Manifest | ImageIndex): RawManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType: document.mediaType, digest: sha256(bytes), bytes };
}

/** The descriptor by which an index, a tag or a subject names this manifest. */
export function describeManifest(raw: RawManifest): Descriptor {
  return { mediaType: raw.mediaType, digest: raw.digest, size: raw.bytes.byteLength };
}

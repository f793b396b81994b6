import {
  type BlobSource,
  type CallOptions,
  type Descriptor,
  ManifestInvalidError,
  MAX_MANIFEST_BYTES,
  MediaType,
  type RawManifest,
  readBytes,
} from '@shale/core';
import { asObject, parseJson } from '@shale/core/json';

/** Reads a manifest that is stored as a blob. An unknown type is taken from the document, or from its shape. */
export async function readManifestBlob(
  blobs: BlobSource,
  blob: Descriptor,
  options?: CallOptions,
): Promise<RawManifest> {
  const fail = (message: string) => new ManifestInvalidError(message);
  if (blob.size > MAX_MANIFEST_BYTES) throw fail(`Manifest ${blob.digest} is larger than ${MAX_MANIFEST_BYTES} bytes`);
  const bytes = await readBytes(blobs.read(blob, options));
  if (blob.mediaType !== '') return { mediaType: blob.mediaType, digest: blob.digest, bytes };
  const document = asObject(parseJson(bytes, 'manifest', fail), 'manifest', fail);
  const shape = 'manifests' in document ? MediaType.ociIndex : MediaType.ociManifest;
  const declared = document['mediaType'];
  return { mediaType: typeof declared === 'string' ? declared : shape, digest: blob.digest, bytes };
}

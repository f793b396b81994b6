import { blobDirectory, type Digest, type RawManifest } from '@shale/core';

/** The path of a blob in an OCI image layout. */
export function layoutPath(layout: string, digest: Digest): string {
  return blobDirectory(layout).pathOf(digest);
}

/**
 * The files of an OCI image layout of one image, besides config and layers.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function layoutFiles(
  { mediaType, digest, bytes }: RawManifest,
  names: readonly string[],
): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const [name] = names;
  const annotations = name === undefined ? undefined : { 'org.opencontainers.image.ref.name': name };
  const manifests = [{ mediaType, digest, size: bytes.byteLength, annotations }];
  return [
    { name: layoutPath('', digest), bytes },
    { name: 'index.json', bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) },
    { name: 'oci-layout', bytes: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
  ];
}

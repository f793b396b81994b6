import {
  type CallOptions,
  describeManifest,
  type Descriptor,
  formatManifest,
  type LocalBlobStore,
  MediaType,
  sha256,
  streamOf,
} from '@shale/core';
import { StoreDirectory } from '@shale/core/files';
import type { StoredRecord } from '../records/record-manifest.ts';
import { formatRecordConfig } from '../records/record-manifest.ts';
import { listRecords } from './list-records.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file */
export const OCI_LAYOUT: string = JSON.stringify({ imageLayoutVersion: '1.0.0' });
const REF_NAME = 'org.opencontainers.image.ref.name';

/** Makes a cache with its own blobs an OCI image layout: writes manifests, configs, and an index of all entries. */
export async function writeLayout(root: string, blobs: LocalBlobStore, options: CallOptions): Promise<void> {
  const manifests: Descriptor[] = [];
  for await (const { tag, stored } of listRecords(root)) {
    options.signal?.throwIfAborted();
    if (stored === undefined) continue;
    await writeDocuments(blobs, stored, options);
    manifests.push({ ...describeManifest(stored.raw), annotations: { [REF_NAME]: tag } });
  }
  manifests.sort((a, b) => ((a.annotations?.[REF_NAME] ?? '') < (b.annotations?.[REF_NAME] ?? '') ? -1 : 1));
  const index = formatManifest({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests });
  const store = new StoreDirectory(root);
  await store.write([], 'oci-layout', OCI_LAYOUT);
  await store.write([], 'index.json', index.bytes);
}

async function writeDocuments(blobs: LocalBlobStore, stored: StoredRecord, options: CallOptions): Promise<void> {
  const { layer, record, manifest, raw } = stored;
  const config = formatRecordConfig(layer, record);
  if (sha256(config) === manifest.config.digest) await putBytes(blobs, manifest.config, config, options);
  await putBytes(blobs, describeManifest(raw), raw.bytes, options);
}

async function putBytes(
  blobs: LocalBlobStore,
  blob: Descriptor,
  bytes: Uint8Array,
  options: CallOptions,
): Promise<void> {
  await blobs.put(blob, () => streamOf(bytes), options);
}

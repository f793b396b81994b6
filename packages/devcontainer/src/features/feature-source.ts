import type { BlobSource, CallOptions, ManifestSource, Reference } from '@shale/core';

/** Where features that are not local come from. Who builds an app brings credentials, mirrors and caches in here. */
export interface FeatureSource {
  /** The repository of an OCI feature; what it gives is verified against its digests. */
  repository(reference: Reference): ManifestSource & BlobSource;
  /** The bytes of an https URL; rejects for every status but 200. */
  download(url: string, options?: CallOptions): AsyncIterable<Uint8Array>;
}

import type { BlobStore } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** The bytes of a manifest or index, as stored. `digest` is their digest. */
export interface RawManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface ManifestSource {
  /** By tag or digest; `undefined` where absent. Verified against its digest. */
  getManifest(tagOrDigest: string, options?: CallOptions): Promise<RawManifest | undefined>;
  /** Describes what a tag names. Stores avoid reading the manifest when they can: a HEAD does not count as a pull. */
  headManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined>;
}

export interface ManifestStore extends ManifestSource {
  /** Stores a manifest. Store what it names before it. */
  putManifest(tagOrDigest: string, manifest: RawManifest, options?: CallOptions): Promise<void>;
  deleteManifest(digest: Digest, options?: CallOptions): Promise<void>;
  /** Every tag, in no order. */
  listTags(options?: CallOptions): AsyncIterable<string>;
}

/** Where whole images live: a repository of a registry, an OCI image layout, a docker archive. */
export interface ImageStore extends BlobStore, ManifestStore {
  /** For messages: `127.0.0.1:5000/app`, `oci:/tmp/out`. */
  readonly name: string;
}

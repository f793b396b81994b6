import type { BlobSource } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { ImageConfig } from './image-config.ts';
import type { Layer } from './layer.ts';
import type { RawManifest } from './manifest-store.ts';
import type { Platform } from './platform.ts';
import type { Reference } from './reference.ts';

/** One platform's image, resolved: small documents are here, layers stay where they are until read. */
export interface Image {
  readonly manifest: RawManifest;
  readonly config: ImageConfig;
  /** The config's own bytes: a base keeps fields that shale does not know. */
  readonly configBytes: Uint8Array;
  readonly configDescriptor: Descriptor;
  /** From base to top, one for each `config.rootfs.diff_ids`. */
  readonly layers: readonly Layer[];
  readonly blobs: BlobSource;
  /** The repository that is known to hold a layer, as `ImageStore.name`: nobody need ask it. */
  readonly homes?: ReadonlyMap<Digest, string> | undefined;
  /** For messages and for mounts: where the image came from. */
  readonly origin: ImageOrigin;
}

export interface ImageOrigin {
  /** Stable word: `registry`, `layout`, `base-image-cache`, `local`, `scratch`. */
  readonly source: string;
  /** As a user would write it. */
  readonly name: string;
  /** Set when the layers lie in a registry: host and repository, for cross-repository mounts. */
  readonly registry?: { readonly host: string; readonly repository: string } | undefined;
}

export interface ResolveOptions extends CallOptions {
  readonly platform: Platform;
}

/** Finds images by reference. Sources are asked in order; the first that has the image answers. */
export interface ImageSource {
  /** For messages that list what was tried. */
  readonly name: string;
  /** `undefined` when this source does not have the image; rejects only when the source itself failed. */
  resolve(reference: Reference, options: ResolveOptions): Promise<Image | undefined>;
}

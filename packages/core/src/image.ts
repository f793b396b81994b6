import type { BlobSource } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { ImageConfig } from './image-config.ts';
import type { Layer } from './layer.ts';
import type { RawManifest } from './manifest-store.ts';
import type { Platform } from './platform.ts';
import type { Reference } from './reference.ts';

/** The image of one platform: its documents are in memory, its layers stay in their store until read. */
export interface Image {
  readonly manifest: RawManifest;
  readonly config: ImageConfig;
  /** The bytes of the config as stored, with fields that shale does not know. */
  readonly configBytes: Uint8Array;
  readonly configDescriptor: Descriptor;
  /** From base to top, one for each `config.rootfs.diff_ids`. */
  readonly layers: readonly Layer[];
  readonly blobs: BlobSource;
  /** For layers that a repository is known to hold, its `ImageStore.name`: such a repository is not asked. */
  readonly homes?: ReadonlyMap<Digest, string> | undefined;
  /** For messages and for mounts: where the image came from. */
  readonly origin: ImageOrigin;
}

export interface ImageOrigin {
  /** One of the stable words `registry`, `layout`, `base-image-cache`, `local`, `scratch`. */
  readonly source: string;
  /** As a user would write it. */
  readonly name: string;
  /** Set when the layers are in a registry: its host and repository, for cross-repository mounts. */
  readonly registry?: { readonly host: string; readonly repository: string } | undefined;
}

export interface ResolveOptions extends CallOptions {
  readonly platform: Platform;
}

/** Finds images by reference. Several sources are asked in order, until one has the image. */
export interface ImageSource {
  /** For messages that list what was tried. */
  readonly name: string;
  /** `undefined` when this source does not have the image; rejects only when the source itself failed. */
  resolve(reference: Reference, options: ResolveOptions): Promise<Image | undefined>;
}

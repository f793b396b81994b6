import type { Descriptor, Digest, RawManifest, Reference } from '@shale/core';
import type { FeatureOptions } from '../configuration/configuration.ts';
import type { FeatureMetadata } from './feature-metadata.ts';
import type { OciFeatureReference } from './feature-reference.ts';

export interface OciOrigin {
  readonly type: 'oci';
  readonly name: OciFeatureReference;
  /** By digest: what was resolved. */
  readonly reference: Reference;
  readonly manifest: RawManifest;
  /** The tar with the feature's files. */
  readonly layer: Descriptor;
}

export interface TarballOrigin {
  readonly type: 'tarball';
  readonly url: string;
  /** Of the tgz. */
  readonly digest: Digest;
}

export interface LocalOrigin {
  readonly type: 'local';
  readonly folder: string;
}

export type FeatureOrigin = OciOrigin | TarballOrigin | LocalOrigin;

/** A feature that was found, with everything but its files. */
export interface ResolvedFeature {
  /** As devcontainer.json, or the feature that depends on it, writes it. */
  readonly id: string;
  /** The feature's own short name. */
  readonly name: string;
  readonly options: FeatureOptions;
  readonly origin: FeatureOrigin;
  readonly metadata: FeatureMetadata;
}

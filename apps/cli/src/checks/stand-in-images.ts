import {
  formatImageConfig,
  formatManifest,
  formatReference,
  type Image,
  type ImageSource,
  MediaType,
  type Platform,
  type Reference,
  sha256,
} from '@shale/core';

/** Answers for images that nobody here knows, with one that is empty: enough to plan on. */
export class StandInImages implements ImageSource {
  readonly name = 'stand-ins';
  /** A plan may be wrong about what it takes from a base. */
  used = false;

  async resolve(reference: Reference, { platform }: { readonly platform: Platform }): Promise<Image> {
    this.used = true;
    const config = { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] } as const;
    const configBytes = formatImageConfig(config);
    const configDescriptor = {
      mediaType: MediaType.ociConfig,
      digest: sha256(configBytes),
      size: configBytes.byteLength,
    };
    const manifest = formatManifest({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: configDescriptor,
      layers: [],
    });
    const blobs = {
      stat: async () => undefined,
      read: () => {
        throw new Error('a plan reads no layer');
      },
    };
    const origin = { source: 'stand-in', name: formatReference(reference) };
    return { manifest, config, configBytes, configDescriptor, layers: [], blobs, origin };
  }
}

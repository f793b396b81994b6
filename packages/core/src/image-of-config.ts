import type { Image, ImageOrigin } from './image.ts';
import { formatImageConfig, type ImageConfig } from './image-config.ts';
import type { Manifest } from './manifest.ts';
import { formatManifest } from './manifest.ts';
import { MediaType } from './media-type.ts';
import { sha256 } from './digest.ts';

export interface ImageOfConfigOptions extends Pick<Manifest, 'annotations'> {
  readonly origin: ImageOrigin;
}

/** An image without readable layers, for planning: only its config is known. */
export function imageOfConfig(config: ImageConfig, { origin, annotations }: ImageOfConfigOptions): Image {
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
    annotations,
  });
  const blobs = {
    stat: async () => undefined,
    read: () => {
      throw new Error(`The image ${origin.name} has a config alone, and no layers`);
    },
  };
  return { manifest, config, configBytes, configDescriptor, layers: [], blobs, origin };
}

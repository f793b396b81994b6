import {
  formatPlatform,
  formatReference,
  type Image,
  type ImageSource,
  type Platform,
  type Reference,
} from '@shale/core';

/** Images by name and platform, for build checks. */
export class KnownImages {
  readonly #images = new Map<string, Image>();

  get(reference: Reference, platform: Platform): Image | undefined {
    return this.#images.get(keyOf(reference, platform));
  }

  /** The same source; every image that it finds becomes known. */
  notedFrom(source: ImageSource): ImageSource {
    return {
      name: source.name,
      resolve: async (reference, options) => {
        const image = await source.resolve(reference, options);
        if (image !== undefined) this.#images.set(keyOf(reference, options.platform), image);
        return image;
      },
    };
  }
}

function keyOf(reference: Reference, platform: Platform): string {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}

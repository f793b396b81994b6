import {
  formatReference,
  type Image,
  imageOfConfig,
  type ImageSource,
  type Platform,
  type Reference,
} from '@shale/core';

/** Stands in for every image that is not known here with an empty one: enough to plan a build. */
export class StandInImages implements ImageSource {
  readonly name = 'stand-ins';
  /** Whether a plan used one: what it says about that base image may be wrong. */
  used = false;

  async resolve(reference: Reference, { platform }: { readonly platform: Platform }): Promise<Image> {
    this.used = true;
    const config = { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] } as const;
    return imageOfConfig(config, { origin: { source: 'stand-in', name: formatReference(reference) } });
  }
}

import type { CallOptions, Image } from '@shale/core';
import type { LayerStack } from '../snapshotter.ts';

export interface BuiltImage {
  readonly image: Image;
  /** The same layers, for an exporter that needs the tree. */
  readonly stack: LayerStack;
}

/** Takes a finished image somewhere. It may be called again when a cached layer that it read turned out to be lost. */
export interface Exporter {
  export(built: BuiltImage, options: CallOptions): Promise<void>;
}

import type { CallOptions, Image, Platform, RawManifest } from '@shale/core';
import type { LayerStack } from '../graph/layer-stack.ts';

export interface BuiltImage {
  readonly image: Image;
  /** The same layers, for an exporter that needs the tree. */
  readonly stack: LayerStack;
}

export interface BuiltPlatform extends BuiltImage {
  readonly platform: Platform;
}

/** The images of several platforms, and the document that names them. */
export interface BuiltIndex {
  readonly index: RawManifest;
  readonly images: readonly BuiltPlatform[];
}

/** Takes a finished image somewhere. It may be called again when a cached layer that it read turned out to be lost. */
export interface Exporter {
  export(built: BuiltImage, options: CallOptions): Promise<void>;
  /** Absent where only one image fits. */
  exportIndex?(built: BuiltIndex, options: CallOptions): Promise<void>;
}

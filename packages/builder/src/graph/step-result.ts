import type { CacheKey } from '@shale/cache';
import type { Layer } from '@shale/core';
import type { StackedLayer } from './layer-stack.ts';

/** What a step came to. */
export interface StepResult {
  readonly key: CacheKey;
  readonly layer: Layer;
  /** The layer, and where it is. A step that changed nothing has one too, an empty one, as in BuildKit. */
  readonly stacked: StackedLayer;
  /** When the layer was made, by this build or by the one that cached it. */
  readonly created: Date;
  /** Who made it. */
  readonly builder: string;
  readonly outcome: 'cached' | 'ran';
  readonly origin: string | undefined;
  readonly durationMs: number;
  readonly savedMs: number | undefined;
}

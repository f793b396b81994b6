import type { CacheKey } from '@shale/cache';
import type { Layer } from '@shale/core';
import type { StackedLayer } from './snapshotter.ts';

/** What a step came to. */
export interface StepResult {
  readonly key: CacheKey;
  readonly layer: Layer;
  /** `undefined` when the step changed nothing: the image gets no layer for it. */
  readonly stacked: StackedLayer | undefined;
  /** When the layer was made, by this build or by the one that cached it. */
  readonly created: Date;
  readonly outcome: 'cached' | 'ran';
  readonly origin: string | undefined;
  readonly durationMs: number;
  readonly savedMs: number | undefined;
}

import type { CacheKey } from '@shale/cache';
import type { Layer } from '@shale/core';
import type { StackedLayer } from './layer-stack.ts';

/** The result of a step. */
export interface StepResult {
  readonly key: CacheKey;
  readonly layer: Layer;
  /** The layer, and where it is. As in BuildKit, a step that changed nothing has an empty layer. */
  readonly stacked: StackedLayer;
  /** When this build, or the one that cached it, made the layer. */
  readonly created: Date;
  /** The builder that made it. */
  readonly builder: string;
  readonly outcome: 'cached' | 'ran';
  readonly origin: string | undefined;
  readonly durationMs: number;
  readonly savedMs: number | undefined;
}

import type { CacheEntry } from '@shale/cache';
import type { ProgressEvent } from '@shale/core';
import type { StepNode } from '../graph/build-graph.ts';
import type { StepResult } from '../graph/step-result.ts';
import type { StepKey } from './step-keys.ts';

/** The event for a step that was found in the cache. */
export function cachedStep({ info }: StepNode, { origin }: CacheEntry, cacheName: string): ProgressEvent {
  return { type: 'step.finished', step: info, outcome: 'cached', durationMs: 0, origin: origin ?? cacheName };
}

export function cachedResult(
  { key }: StepKey,
  { layer, blobs, record, origin, home }: CacheEntry,
  cacheName: string,
): StepResult {
  return {
    key,
    layer,
    stacked: { layer, blobs, home },
    created: record.created,
    builder: record.builder,
    outcome: 'cached',
    origin: origin ?? cacheName,
    durationMs: 0,
    savedMs: record.durationMs,
  };
}

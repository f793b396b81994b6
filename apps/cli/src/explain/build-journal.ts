import type { KeyedStep } from '@shale/builder';
import type { CacheEvent, CacheEventListener } from '@shale/cache';
import { BlobMissingError, type ProgressListener } from '@shale/core';
import { Tally } from '../render/tally.ts';

/** A cache that was passed over. */
export interface DegradedCache {
  readonly backend: string;
  readonly error: unknown;
}

/** What a build met, for reports and explanations. Every build has one: it only collects. */
export class BuildJournal {
  /** In the order of the plan, dependencies first; none before the cache was asked. */
  steps: readonly KeyedStep[] = [];
  /** The times of files are fixed: then equal steps have equal results. */
  isReproducible = false;
  readonly events: CacheEvent[] = [];
  readonly degraded: DegradedCache[] = [];
  readonly stored = { entries: 0, bytes: 0 };
  readonly tally = new Tally();
  readonly #finished = new Map<string, 'cached' | 'ran' | 'failed'>();

  readonly onKeyed = (steps: readonly KeyedStep[]): void => {
    this.steps = steps;
  };

  readonly onCacheEvent: CacheEventListener = (event) => {
    this.events.push(event);
  };

  /** Passes events on, and remembers what counts. */
  watch(onProgress: ProgressListener): ProgressListener {
    return (event) => {
      this.tally.add(event);
      if (event.type === 'step.finished') this.#finished.set(event.step.id, event.outcome);
      // a layer that is gone is no cache that is
      if (event.type === 'cache.degraded' && !(event.error instanceof BlobMissingError))
        this.degraded.push({ backend: event.backend, error: event.error });
      if (event.type === 'cache.stored') {
        this.stored.entries += 1;
        this.stored.bytes += event.bytes;
      }
      onProgress(event);
    };
  }

  /** Steps that have a result. */
  done(): readonly KeyedStep[] {
    return this.steps.filter(({ step }) => ['cached', 'ran'].includes(this.#finished.get(step.id) ?? ''));
  }

  /** Steps that ran. */
  ran(): readonly KeyedStep[] {
    return this.steps.filter(({ step }) => this.#finished.get(step.id) === 'ran');
  }
}

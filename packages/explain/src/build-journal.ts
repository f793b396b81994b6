import type { KeyedStep } from '@shale/builder';
import type { CacheEvent, CacheEventListener } from '@shale/cache';
import { BlobMissingError, type ProgressListener } from '@shale/core';

/** A cache that failed and was passed over. */
export interface DegradedCache {
  readonly backend: string;
  readonly error: unknown;
}

/**
 * Collects what a build reports: its steps, what caches said, and which steps ran. Explanations are made of it.
 * @example
 * const journal = new BuildJournal();
 * await probe({ ...options, onKeyed: journal.onKeyed, onProgress: journal.watch(onProgress) });
 */
export class BuildJournal {
  /** In the order of the plan, dependencies first; empty before the cache was asked. */
  steps: readonly KeyedStep[] = [];
  /** Whether the times of files are fixed: then equal steps have equal results. */
  isReproducible = false;
  readonly events: CacheEvent[] = [];
  readonly degraded: DegradedCache[] = [];
  readonly #finished = new Map<string, 'cached' | 'ran' | 'failed'>();

  readonly onKeyed = (steps: readonly KeyedStep[]): void => {
    this.steps = steps;
  };

  readonly onCacheEvent: CacheEventListener = (event) => {
    this.events.push(event);
  };

  /** Passes every event on to `onProgress`, and remembers results and failed caches. */
  watch(onProgress: ProgressListener): ProgressListener {
    return (event) => {
      if (event.type === 'step.finished') this.#finished.set(event.step.id, event.outcome);
      // one missing layer does not mean that the cache failed
      if (event.type === 'cache.degraded' && !(event.error instanceof BlobMissingError))
        this.degraded.push({ backend: event.backend, error: event.error });
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

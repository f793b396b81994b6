import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import type { Digest, ProgressListener } from '@shale/core';
import { BlobMissingError, DigestMismatchError, LocatedError, SizeMismatchError } from '@shale/core';
import pLimit from 'p-limit';
import type { GraphNode, StepNode } from './build-graph.ts';
import { chainOf, inputsOf } from './build-graph.ts';
import type { LayerStack } from './snapshotter.ts';
import type { StepKey } from './step-keys.ts';
import type { StepResult } from './step-result.ts';

export interface SchedulerOptions {
  readonly keys: ReadonlyMap<StepNode, StepKey>;
  /** What the cache knew, by step. */
  readonly hits: Map<StepNode, CacheEntry>;
  readonly cacheName: CacheBackend['name'];
  /** Runs a step and stores what it made. */
  readonly execute: (step: StepNode, stacks: InputStacks) => Promise<StepResult>;
  readonly concurrency: number;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** The layers of each node that the step reads. */
export type InputStacks = ReadonlyMap<GraphNode, LayerStack>;

export interface Scheduler {
  /** Runs what is missing for this step, and nothing else. */
  resultOf(step: StepNode): Promise<StepResult>;
  /** The layers of a node's file system, from the base up. */
  stackOf(node: GraphNode): Promise<LayerStack>;
  /** Whether this build asked for the step's result. */
  isEvaluated(step: StepNode): boolean;
  /** Runs `work`, and when it finds a cached layer gone, has the step that made the layer run again first. */
  rewinding<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Evaluates steps on demand, each key once: a step that hit needs nothing below it to run, a step that must run asks for
 * its inputs, and independent ones run beside each other.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { keys, hits, execute, onProgress, signal } = options;
  const results = new Map<CacheKey, Promise<StepResult>>();
  const keyOf = (step: StepNode) => (keys.get(step) as StepKey).key;
  const limit = pLimit(options.concurrency);

  const scheduler: Scheduler = {
    resultOf(step) {
      const known = results.get(keyOf(step));
      if (known !== undefined) return known;
      const result = Promise.resolve().then(() => evaluate(step)); // later: a chain may be longer than the stack is
      results.set(keyOf(step), result);
      return result;
    },
    async stackOf(node) {
      const base = baseStack(node);
      const steps = await Promise.all(chainOf(node).map((step) => scheduler.resultOf(step)));
      return [...base, ...steps.map(({ stacked }) => stacked)];
    },
    isEvaluated: (step) => results.has(keyOf(step)),
    async rewinding(work) {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          signal.throwIfAborted();
          if (!forgetLost(error)) throw error;
        }
      }
    },
  };

  async function evaluate(step: StepNode): Promise<StepResult> {
    const hit = hits.get(step);
    if (hit !== undefined) return cachedResult(keys.get(step) as StepKey, hit, options.cacheName);
    return scheduler.rewinding(async () => {
      // outside the limit: a step that waits for its inputs holds no place
      const stacks = await Promise.all(
        inputsOf(step).map(async (node) => [node, await scheduler.stackOf(node)] as const),
      );
      return limit(() => execute(step, new Map(stacks)));
    });
  }

  /** A cached layer can vanish after the lookup: its step is a miss after all. */
  function forgetLost(error: unknown): boolean {
    const lost = lostDigest(error);
    for (const [step, { layer }] of hits) {
      if (layer.descriptor.digest !== lost && layer.diffId !== lost) continue;
      hits.delete(step);
      results.delete(keyOf(step));
      onProgress({ type: 'cache.degraded', backend: options.cacheName, error });
      return true;
    }
    return false;
  }

  return scheduler;
}

function lostDigest(thrown: unknown): Digest | undefined {
  const error = thrown instanceof LocatedError ? thrown.failure : thrown;
  if (error instanceof BlobMissingError || error instanceof SizeMismatchError) return error.digest;
  return error instanceof DigestMismatchError ? error.expected : undefined;
}

export function cachedResult(
  { key }: StepKey,
  { layer, blobs, record, origin }: CacheEntry,
  cacheName: string,
): StepResult {
  return {
    key,
    layer,
    stacked: { layer, blobs },
    created: record.created,
    builder: record.builder,
    outcome: 'cached',
    origin: origin ?? cacheName,
    durationMs: 0,
    savedMs: record.durationMs,
  };
}

function baseStack(node: GraphNode): LayerStack {
  const base = chainOf(node)[0]?.parent ?? node;
  if (base.kind !== 'base' || base.image === undefined) return [];
  const { layers, blobs } = base.image;
  return layers.map((layer) => ({ layer, blobs }));
}

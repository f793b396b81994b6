import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import type { Digest, ProgressListener } from '@shale/core';
import { BlobMissingError, DigestMismatchError, LocatedError, SizeMismatchError } from '@shale/core';
import pLimit from 'p-limit';
import type { GraphNode, StepNode } from '../graph/build-graph.ts';
import { chainOf, inputsOf } from '../graph/build-graph.ts';
import type { InputStacks, LayerStack, PackingLayer, StackedLayer } from '../graph/layer-stack.ts';
import type { StepKey } from '../keys/step-keys.ts';
import { cachedResult, cachedStep } from '../keys/cached-step.ts';
import type { StepResult } from '../graph/step-result.ts';

export interface SchedulerOptions {
  readonly keys: ReadonlyMap<StepNode, StepKey>;
  /** What the cache knew, by step. */
  readonly hits: Map<StepNode, CacheEntry>;
  readonly cacheName: CacheBackend['name'];
  /** Runs a step and stores what it made. */
  readonly execute: (step: StepNode, stacks: InputStacks, wish: ExecutionWish) => Promise<StepResult>;
  /** Steps that the cache was not asked for. @default none */
  readonly bypassed?: ReadonlySet<CacheKey> | undefined;
  /** Hits that count only if what they stand on comes to what it was. @default none */
  readonly unsettled?: ReadonlySet<CacheKey> | undefined;
  /** Fetches and unpacks layers that a step will need for certain, while it waits for others. Its failures are nobody's. */
  readonly prefetch?: ((stack: LayerStack) => Promise<void>) | undefined;
  readonly concurrency: number;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

export interface ExecutionWish extends Standing {
  /** To be told when others can build on what the step did, though it is not packed yet. */
  readonly onPacking: (layer: PackingLayer) => void;
  /** What the cache had for the step turned out to be gone. */
  readonly again: boolean;
  /** The cache was not asked for the step, and its entry is to be replaced. */
  readonly isBypassed: boolean;
}

/** What the step stands on came to something else than the cache had, as a step that it was not asked for does. */
interface Standing {
  readonly isParentNew: boolean;
  readonly isSourceNew: boolean;
}

const SETTLED: Standing = { isParentNew: false, isSourceNew: false };

/** A step on its way to its result. */
interface Evaluation {
  readonly result: Promise<StepResult>;
  /** What the next step stands on: there before the result, where the layer is packed beside that step. */
  readonly top: Promise<StackedLayer | PackingLayer>;
}

export interface Scheduler {
  /** Runs what is missing for this step, and nothing else. */
  resultOf(step: StepNode): Promise<StepResult>;
  /** The layers of a node's file system, from the base up. */
  stackOf(node: GraphNode): Promise<LayerStack>;
  /** Whether this build asked for the step's result. */
  isEvaluated(step: StepNode): boolean;
  /** Resolves when nothing is run or packed any more. */
  settled(): Promise<void>;
  /** Runs `work`, and when it finds a cached layer gone, has the step that made the layer run again first. */
  rewinding<T>(work: () => Promise<T>): Promise<T>;
}

/** A build does not run for ever against somebody who removes what it makes. */
const MAX_REWINDS = 1000;

/**
 * Evaluates steps on demand, each key once: a step that hit needs nothing below it to run, a step that must run asks for
 * its inputs, and independent ones run beside each other. A layer is packed beside the step on top of it.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { keys, hits, execute, bypassed, unsettled, onProgress, signal } = options;
  /** Steps that came to something new. */
  const renewed = new Set<CacheKey>();
  const evaluations = new Map<CacheKey, Evaluation>();
  /** Results of steps that missed: made here, or found in the cache by their content. */
  const missed = new Map<StepNode, StepResult>();
  let rewinds = 0;
  const lostSteps = new Set<CacheKey>();
  /** Above which the layers below are on their way. */
  const prefetched = new Set<CacheKey>();
  /** When a blob was last found gone, by the count of attempts. */
  const lostAt = new Map<Digest, number>();
  let attempts = 0;
  const keyOf = (step: StepNode) => (keys.get(step) as StepKey).key;
  const limit = pLimit(options.concurrency);

  const scheduler: Scheduler = {
    resultOf: (step) => evaluationOf(step).result,
    stackOf: (node) => layersOf(node, async ({ result }) => (await result).stacked),
    isEvaluated: (step) => evaluations.has(keyOf(step)),
    async settled() {
      await Promise.allSettled([...evaluations.values()].map(({ result }) => result));
    },
    rewinding: (work) => repeating(work, () => true),
  };

  async function repeating<T>(work: () => Promise<T>, mayRepeat: () => boolean): Promise<T> {
    for (;;) {
      const began = (attempts += 1);
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!mayRepeat() || !mayHelpToRepeat(error, began)) throw error;
      }
    }
  }

  function evaluationOf(step: StepNode): Evaluation {
    const known = evaluations.get(keyOf(step));
    if (known !== undefined) return known;
    const { promise: packing, resolve: onPacking } = Promise.withResolvers<PackingLayer>();
    const result = Promise.resolve().then(() => evaluate(step, onPacking)); // later: a chain may be longer than the stack is
    const top = Promise.race([packing, result.then(({ stacked }) => stacked)]);
    top.catch(() => undefined); // it is the result's failure
    const evaluation = { result, top };
    evaluations.set(keyOf(step), evaluation);
    return evaluation;
  }

  async function layersOf<Stacked extends StackedLayer | PackingLayer>(
    node: GraphNode,
    layerOf: (evaluation: Evaluation) => Promise<Stacked>,
  ): Promise<readonly (Stacked | StackedLayer)[]> {
    for (;;) {
      const asked = chainOf(node).map((step) => [keyOf(step), evaluationOf(step)] as const);
      const layers = await Promise.all(asked.map(([, evaluation]) => layerOf(evaluation)));
      // one of them may have been found gone while another ran
      if (asked.every(([key, evaluation]) => evaluations.get(key) === evaluation))
        return [...baseStack(node), ...layers];
    }
  }

  async function evaluate(step: StepNode, onPacking: ExecutionWish['onPacking']): Promise<StepResult> {
    const hit = hits.get(step);
    const isUnsettled = unsettled?.has(keyOf(step)) === true;
    if (hit !== undefined && !isUnsettled) return cachedResult(keys.get(step) as StepKey, hit, options.cacheName);
    if (hit === undefined && step.action.type === 'run') prefetchBelow(step);
    let isBuiltUpon = false; // done again, it could come to something else
    const onPackingOnce = (layer: PackingLayer) => {
      isBuiltUpon = true;
      onPacking(layer);
    };
    const attempt = async () => {
      // outside the limit: a step that waits for its inputs holds no place
      const stackOf = (node: GraphNode) => (isUnsettled ? scheduler.stackOf(node) : layersOf(node, ({ top }) => top));
      const stacks = await Promise.all(inputsOf(step).map(async (node) => [node, await stackOf(node)] as const));
      const again = lostSteps.has(keyOf(step));
      const isBypassed = bypassed?.has(keyOf(step)) === true;
      const standing = isUnsettled ? standingOf(step) : SETTLED;
      const isNew = standing.isParentNew || standing.isSourceNew;
      if (hit !== undefined && hits.get(step) === hit && !isNew) {
        onProgress(cachedStep(step, hit, options.cacheName));
        return cachedResult(keys.get(step) as StepKey, hit, options.cacheName);
      }
      const result = await limit(() => {
        signal.throwIfAborted();
        return execute(step, new Map(stacks), { again, isBypassed, onPacking: onPackingOnce, ...standing });
      });
      missed.set(step, result);
      if (isBypassed || (isNew && result.layer.diffId !== hit?.layer.diffId)) renewed.add(keyOf(step));
      return result;
    };
    return repeating(attempt, () => !isBuiltUpon);
  }

  /** A RUN that missed runs, and needs what is below it: the layers that are known, and the first missing step has to wait. */
  function prefetchBelow(step: StepNode): void {
    const chain = chainOf(step);
    const index = chain.findIndex((one) => !hits.has(one));
    const first = chain[index] ?? step;
    const waits = inputsOf(first)
      .slice(1)
      .some((node) => chainOf(node).some((one) => !hits.has(one)));
    if (!waits || prefetched.has(keyOf(first))) return;
    prefetched.add(keyOf(first));
    const known = chain.slice(0, index).flatMap((one) => hits.get(one) ?? []);
    const stack = [...baseStack(step), ...known.map(({ layer, blobs }) => ({ layer, blobs }))];
    if (stack.length > 0) options.prefetch?.(stack).catch(() => undefined); // who needs them will see
  }

  /** Its inputs are there. */
  function standingOf(step: StepNode): Standing {
    const isNew = (node: GraphNode) => chainOf(node).some((below) => renewed.has(keyOf(below)));
    const [parent, ...sources] = inputsOf(step);
    return { isParentNew: parent !== undefined && isNew(parent), isSourceNew: sources.some(isNew) };
  }

  /**
   * A layer can vanish after the lookup or after it was made, when others prune: its step must run after all. Whoever
   * missed the layer at the same time tries again as well; and so does, once, who missed one of a base image, whose source
   * has put it aside.
   */
  function mayHelpToRepeat(error: unknown, began: number): boolean {
    const lost = lostDigest(error);
    if (lost === undefined || (rewinds += 1) > MAX_REWINDS) return false;
    const knownSince = lostAt.get(lost);
    if (!forgetLost(lost, error) && knownSince !== undefined && knownSince < began) return false;
    lostAt.set(lost, (attempts += 1));
    return true;
  }

  function forgetLost(lost: Digest, error: unknown): boolean {
    const steps = [...hits, ...missed].flatMap(([step, { layer }]) =>
      layer.descriptor.digest === lost || layer.diffId === lost ? [step] : [],
    );
    for (const step of steps) {
      hits.delete(step);
      missed.delete(step);
      evaluations.delete(keyOf(step));
      lostSteps.add(keyOf(step));
    }
    if (steps.length > 0) onProgress({ type: 'cache.degraded', backend: options.cacheName, error });
    return steps.length > 0;
  }

  return scheduler;
}

function lostDigest(thrown: unknown): Digest | undefined {
  const error = thrown instanceof LocatedError ? thrown.failure : thrown;
  if (error instanceof BlobMissingError || error instanceof SizeMismatchError) return error.digest;
  return error instanceof DigestMismatchError ? error.expected : undefined;
}

function baseStack(node: GraphNode): LayerStack {
  const base = chainOf(node)[0]?.parent ?? node;
  if (base.kind !== 'base' || base.image === undefined) return [];
  const { layers, blobs } = base.image;
  return layers.map((layer) => ({ layer, blobs }));
}

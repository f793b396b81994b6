import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import type { Digest, ProgressListener } from '@shale/core';
import pLimit, { type LimitFunction } from 'p-limit';
import type { GraphNode, StepNode } from '../graph/build-graph.ts';
import { chainOf, inputsOf } from '../graph/build-graph.ts';
import type { InputStacks, LayerStack, PackingLayer, StackedLayer } from '../graph/layer-stack.ts';
import { baseStack } from '../graph/layer-stack.ts';
import type { StepResult } from '../graph/step-result.ts';
import { cachedResult, cachedStep } from '../keys/cached-step.ts';
import type { StepKeys } from '../keys/step-keys.ts';
import { LostLayers } from './lost-layers.ts';
import { prefetcherBelow } from './prefetch-below.ts';

export interface SchedulerOptions {
  readonly keys: StepKeys;
  /** The entries that the cache had, by step. */
  readonly hits: ReadonlyMap<StepNode, CacheEntry>;
  readonly cacheName: CacheBackend['name'];
  /** Runs a step and stores its layer. */
  readonly execute: (step: StepNode, stacks: InputStacks, wish: ExecutionWish) => Promise<StepResult>;
  /** Steps that skipped the cache lookup. @default none */
  readonly bypassed?: ReadonlySet<CacheKey> | undefined;
  /** Descendants of bypassed steps: their hits count only if those steps reproduce the cached layer. @default none */
  readonly unsettled?: ReadonlySet<CacheKey> | undefined;
  /** Fetches and unpacks layers that a step will need, while the step waits for others. Failures are ignored: the step reports them. */
  readonly prefetch?: ((stack: LayerStack) => Promise<void>) | undefined;
  readonly concurrency: number;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

export interface ExecutionWish extends InputChanges {
  /** Called when other steps can build on the step's tree, before its layer is packed. */
  readonly onPacking: (layer: PackingLayer) => void;
  /** The cached layer of the step was lost, so the step runs although the cache may name it. */
  readonly again: boolean;
  /** The step skipped the cache lookup. Its entry in the cache is replaced. */
  readonly isBypassed: boolean;
}

/** Whether an input of this step was rebuilt and differs from the cached one. */
interface InputChanges {
  readonly isParentNew: boolean;
  readonly isSourceNew: boolean;
}

const UNCHANGED: InputChanges = { isParentNew: false, isSourceNew: false };

/** A step whose result this build has asked for. */
interface Evaluation {
  readonly result: Promise<StepResult>;
  /** The step's layer as soon as the next step can build on it: while it is packed, where the snapshotter allows that. */
  readonly top: Promise<StackedLayer | PackingLayer>;
}

/**
 * Evaluates steps on demand, each key once. A hit needs nothing below it. A miss asks for its inputs, and independent steps
 * run beside each other. docs/scheduling.md explains it on an example.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #hits: Map<StepNode, CacheEntry>;
  /** Results of steps that missed: made here, or found in the cache by their content. */
  readonly #missed = new Map<StepNode, StepResult>();
  readonly #evaluations = new Map<CacheKey, Evaluation>();
  /** Steps whose new layer differs from the cached one. */
  readonly #renewed = new Set<CacheKey>();
  /** Steps whose layer was lost. */
  readonly #lostSteps = new Set<CacheKey>();
  readonly #lostLayers: LostLayers;
  readonly #prefetchBelow: (run: StepNode) => void;
  readonly #limit: LimitFunction;

  constructor(options: SchedulerOptions) {
    const { keys, signal, prefetch = () => Promise.resolve() } = options;
    this.#options = options;
    this.#hits = new Map(options.hits);
    this.#limit = pLimit(options.concurrency);
    this.#lostLayers = new LostLayers({ signal, forget: (lost, error) => this.#forget(lost, error) });
    this.#prefetchBelow = prefetcherBelow({ keys, hits: this.#hits, prefetch });
  }

  /** Runs what is missing for this step, and nothing else. */
  resultOf(step: StepNode): Promise<StepResult> {
    return this.#evaluationOf(step).result;
  }

  /** The layers of a node's file system, from the base up. */
  stackOf(node: GraphNode): Promise<LayerStack> {
    return this.#layersOf(node, async ({ result }) => (await result).stacked);
  }

  /** Whether `resultOf` returns without running anything that this build has not asked for. */
  isKnown(step: StepNode): boolean {
    const key = this.#keyOf(step);
    return this.#evaluations.has(key) || (this.#hits.has(step) && this.#options.unsettled?.has(key) !== true);
  }

  /** Resolves when no step is running or being packed. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#evaluations.values()].map(({ result }) => result));
  }

  /** Runs `work`. If `work` finds a cached layer gone, runs the step that made the layer, and `work` again. */
  rewinding<T>(work: () => Promise<T>): Promise<T> {
    return this.#lostLayers.repeating(work);
  }

  #keyOf(step: StepNode): CacheKey {
    return this.#options.keys.of(step).key;
  }

  #evaluationOf(step: StepNode): Evaluation {
    const key = this.#keyOf(step);
    const known = this.#evaluations.get(key);
    if (known !== undefined) return known;
    const { promise: packing, resolve: onPacking } = Promise.withResolvers<PackingLayer>();
    const result = Promise.resolve().then(() => this.#evaluate(step, onPacking)); // later, because a long chain would overflow the stack
    const top = Promise.race([packing, result.then(({ stacked }) => stacked)]);
    top.catch(() => undefined); // whoever awaits the result sees the failure
    const evaluation = { result, top };
    this.#evaluations.set(key, evaluation);
    return evaluation;
  }

  async #layersOf<Stacked extends StackedLayer | PackingLayer>(
    node: GraphNode,
    layerOf: (evaluation: Evaluation) => Promise<Stacked>,
  ): Promise<readonly (Stacked | StackedLayer)[]> {
    for (;;) {
      const asked = chainOf(node).map((step) => [this.#keyOf(step), this.#evaluationOf(step)] as const);
      const layers = await Promise.all(asked.map(([, evaluation]) => layerOf(evaluation)));
      // another step may have found one of them gone meanwhile
      if (asked.every(([key, evaluation]) => this.#evaluations.get(key) === evaluation))
        return [...baseStack(node), ...layers];
    }
  }

  async #evaluate(step: StepNode, onPacking: ExecutionWish['onPacking']): Promise<StepResult> {
    const hit = this.#hits.get(step);
    const isUnsettled = this.#options.unsettled?.has(this.#keyOf(step)) === true;
    if (hit !== undefined && !isUnsettled) return this.#cached(step, hit);
    if (hit === undefined && step.action.type === 'run') this.#prefetchBelow(step);
    let isBuiltUpon = false; // a second run could make another layer than the next step already stands on
    const wish = {
      onPacking: (layer: PackingLayer) => {
        isBuiltUpon = true;
        onPacking(layer);
      },
    };
    const attempt = () => (isUnsettled ? this.#settle(step, hit, wish) : this.#runOnDraft(step, wish));
    return this.#lostLayers.repeating(attempt, () => !isBuiltUpon);
  }

  #cached(step: StepNode, hit: CacheEntry): StepResult {
    return cachedResult(this.#options.keys.of(step), hit, this.#options.cacheName);
  }

  /** Runs a step that missed, on trees whose layers may still be packing. */
  async #runOnDraft(step: StepNode, wish: Pick<ExecutionWish, 'onPacking'>): Promise<StepResult> {
    const stacks = await this.#stacksOf(step, (node) => this.#layersOf(node, ({ top }) => top));
    return this.#run(step, stacks, { ...wish, ...UNCHANGED });
  }

  /** Waits for the inputs of an unsettled step. The hit counts if they are what they were; else the step runs. */
  async #settle(
    step: StepNode,
    hit: CacheEntry | undefined,
    wish: Pick<ExecutionWish, 'onPacking'>,
  ): Promise<StepResult> {
    const stacks = await this.#stacksOf(step, (node) => this.stackOf(node));
    const changes = this.#changesBelow(step);
    const isNew = changes.isParentNew || changes.isSourceNew;
    if (hit !== undefined && this.#hits.get(step) === hit && !isNew) {
      this.#options.onProgress(cachedStep(step, hit, this.#options.cacheName));
      return this.#cached(step, hit);
    }
    const result = await this.#run(step, stacks, { ...wish, ...changes });
    if (isNew && result.layer.diffId !== hit?.layer.diffId) this.#renewed.add(this.#keyOf(step));
    return result;
  }

  /** Outside the limit on running steps: a step that waits for its inputs holds no place. */
  async #stacksOf(
    step: StepNode,
    stackOf: (node: GraphNode) => Promise<readonly (StackedLayer | PackingLayer)[]>,
  ): Promise<InputStacks> {
    return new Map(await Promise.all(inputsOf(step).map(async (node) => [node, await stackOf(node)] as const)));
  }

  async #run(
    step: StepNode,
    stacks: InputStacks,
    wish: Omit<ExecutionWish, 'again' | 'isBypassed'>,
  ): Promise<StepResult> {
    const key = this.#keyOf(step);
    const isBypassed = this.#options.bypassed?.has(key) === true;
    const again = this.#lostSteps.has(key);
    const result = await this.#limit(() => {
      this.#options.signal.throwIfAborted();
      return this.#options.execute(step, stacks, { ...wish, again, isBypassed });
    });
    this.#missed.set(step, result);
    if (isBypassed) this.#renewed.add(key);
    return result;
  }

  /** The inputs are evaluated. */
  #changesBelow(step: StepNode): InputChanges {
    const isNew = (node: GraphNode) => chainOf(node).some((below) => this.#renewed.has(this.#keyOf(below)));
    const [parent, ...sources] = inputsOf(step);
    return { isParentNew: parent !== undefined && isNew(parent), isSourceNew: sources.some(isNew) };
  }

  /** Forgets all results that have the layer. Returns whether there were any. */
  #forget(lost: Digest, error: unknown): boolean {
    const steps = [...this.#hits, ...this.#missed].flatMap(([step, { layer }]) =>
      layer.descriptor.digest === lost || layer.diffId === lost ? [step] : [],
    );
    for (const step of steps) {
      this.#hits.delete(step);
      this.#missed.delete(step);
      this.#evaluations.delete(this.#keyOf(step));
      this.#lostSteps.add(this.#keyOf(step));
    }
    const { cacheName: backend, onProgress } = this.#options;
    if (steps.length > 0) onProgress({ type: 'cache.degraded', backend, error });
    return steps.length > 0;
  }
}

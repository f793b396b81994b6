import type { CacheEntry, CacheInput, CacheKey } from '@shale/cache';
import type { Image, StepInfo } from '@shale/core';
import { assembleStage, planAndLookUp } from './build.ts';
import type { StepNode } from '../graph/build-graph.ts';
import { chainOf, reachableSteps } from '../graph/build-graph.ts';
import type { BuildOptions } from './build-options.ts';
import type { LookedUpPlan } from '../keys/look-up.ts';
import { cachedResult } from '../keys/cached-step.ts';

export interface ProbedStep {
  readonly step: StepInfo;
  readonly key: CacheKey;
  readonly inputs: readonly CacheInput[];
  readonly hit: CacheEntry | undefined;
  /** Whether its layer is part of the image. Other steps matter only when one of these must run. */
  readonly inImage: boolean;
}

export interface ProbeResult {
  /** Dependencies first. */
  readonly steps: readonly ProbedStep[];
  /** The image that a build would make; `undefined` when a layer is not cached. */
  readonly image: Image | undefined;
}

/**
 * Reports whether a build is cached in full, and the image that it would make. Nothing is executed, unpacked or written,
 * and no layer is read.
 */
export async function probe(options: BuildOptions): Promise<ProbeResult> {
  const plan = await planAndLookUp(options);
  const chain = new Set(chainOf(plan.stage.tip));
  const steps = reachableSteps(plan.stage.tip).map((step) => {
    const { key, inputs } = plan.keys.of(step);
    return { step: step.info, key, inputs, hit: plan.hits.get(step), inImage: chain.has(step) };
  });
  return { steps, image: cachedImage(plan, [...chain], options) };
}

function cachedImage(
  { stage, keys, hits }: LookedUpPlan,
  chain: readonly StepNode[],
  options: BuildOptions,
): Image | undefined {
  const results = chain.flatMap((step) => {
    const hit = hits.get(step);
    return hit === undefined ? [] : [[step, cachedResult(keys.of(step), hit, options.cache.name)] as const];
  });
  return results.length === chain.length ? assembleStage(stage, new Map(results), options).image : undefined;
}

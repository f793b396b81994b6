import { hostPlatform } from '@shale/core';
import { parseDockerfile } from '@shale/dockerfile-parser';
import { type AssembledImage, assembleImage, keepDocuments } from './assemble.ts';
import type { StageNode, StepNode } from './build-graph.ts';
import { chainOf, reachableSteps } from './build-graph.ts';
import type { BuildOptions, BuildResult, StepReport } from './build-options.ts';
import { stepExecutor } from './execute-step.ts';
import type { LookedUpPlan } from './look-up.ts';
import { lookUp } from './look-up.ts';
import { planBuild } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import { createScheduler } from './scheduler.ts';
import { reportingSteps } from './step-progress.ts';
import type { StepResult } from './step-result.ts';

const DEFAULT_CONCURRENCY = 4;

/**
 * Builds the target stage of a Dockerfile and hands the image to the exporters. Steps that the cache knows are not run:
 * their layers are neither read nor unpacked, unless a step that must run, or an exporter, needs the bytes.
 * @throws {DockerfileError} @throws {BaseImageMissingError} @throws {StepFailedError}
 * @example
 * const { image } = await build({ dockerfile, context, images, cache, store, stateDir, isolation });
 * console.log(image.manifest.digest);
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const { onProgress = () => {} } = options;
  const plan = await planAndLookUp(options);
  const failure = new AbortController();
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  const scheduler = createScheduler({
    keys: plan.keys,
    hits: plan.hits,
    cacheName: options.cache.name,
    execute: reportingSteps(stepExecutor({ build: options, keys: plan.keys, signal }), onProgress),
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    onProgress,
    signal,
  });
  try {
    return await scheduler.rewinding(() => finishBuild(plan, scheduler, options));
  } catch (error) {
    failure.abort(error); // the other stages need not go on
    throw error;
  }
}

/** Plans the build and asks the cache for every step at once. Nothing is executed, pulled or unpacked. */
export async function planAndLookUp(options: BuildOptions): Promise<LookedUpPlan> {
  const { onProgress = () => {} } = options;
  const dockerfile = parseDockerfile(options.dockerfile.text, { file: options.dockerfile.name });
  const stage = await planBuild(dockerfile, {
    file: options.dockerfile.name,
    context: options.context,
    namedContexts: options.namedContexts ?? new Map(),
    target: options.target,
    buildArgs: options.buildArgs ?? {},
    platform: options.platform ?? hostPlatform(),
    noCache: options.noCache ?? false,
    network: options.network ?? 'host',
    images: options.images,
    onProgress,
    signal: options.signal,
  });
  return lookUp(stage, options);
}

async function finishBuild(
  { stage, hits }: LookedUpPlan,
  scheduler: Scheduler,
  options: BuildOptions,
): Promise<BuildResult> {
  const stack = await scheduler.stackOf(stage.tip);
  const results = new Map(
    await Promise.all(chainOf(stage.tip).map(async (step) => [step, await scheduler.resultOf(step)] as const)),
  );
  const assembled = assembleStage(stage, results, options);
  await keepDocuments(assembled, options.store);
  for (const exporter of options.exporters ?? [])
    await exporter.export({ image: assembled.image, stack }, { signal: options.signal });
  const known = reachableSteps(stage.tip).filter((step) => hits.has(step) || scheduler.isEvaluated(step));
  const steps = await Promise.all(known.map(async (step) => stepReport(step, await scheduler.resultOf(step))));
  return { image: assembled.image, steps };
}

export function assembleStage(
  stage: StageNode,
  results: ReadonlyMap<StepNode, StepResult>,
  options: BuildOptions,
): AssembledImage {
  return assembleImage(stage, {
    labels: options.labels ?? {},
    sourceDateEpoch: options.sourceDateEpoch,
    resultOf: (step) => results.get(step) as StepResult,
  });
}

function stepReport({ info }: StepNode, result: StepResult): StepReport {
  const { key, outcome, origin, durationMs, savedMs, layer } = result;
  return {
    step: info,
    key,
    outcome,
    origin,
    durationMs,
    savedMs,
    layer: layer.descriptor.digest,
    sizeBytes: layer.descriptor.size,
  };
}

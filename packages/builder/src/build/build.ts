import { hostPlatform } from '@shale/core';
import { parseDockerfile } from '@shale/dockerfile-parser';
import { type AssembledImage, assembleImage, keepDocuments } from './assemble.ts';
import type { PlannedStage, StepNode } from '../graph/build-graph.ts';
import { chainOf } from '../graph/build-graph.ts';
import type { BuildOptions, BuildResult, StepReport } from './build-options.ts';
import { openBuildSession } from '../steps/build-session.ts';
import { stepExecutor } from '../run/execute-step.ts';
import type { BuiltImage } from '../exporters/exporter.ts';
import { requireEmulators } from '../run/foreign-steps.ts';
import { warnOfFrontend } from '../plan/frontend.ts';
import { locateDockerfileError } from '../graph/locate-error.ts';
import type { LookedUpPlan, LookedUpSteps } from '../keys/look-up.ts';
import { lookUp } from '../keys/look-up.ts';
import { planBuild } from '../plan/plan.ts';
import type { PlanOptions } from '../plan/planning.ts';
import { openPrefetcher } from '../run/prefetcher.ts';
import { Scheduler } from '../run/scheduler.ts';
import { reportingSteps } from '../run/step-progress.ts';
import type { StepResult } from '../graph/step-result.ts';

const DEFAULT_CONCURRENCY = 4;

/**
 * Builds the target stage of a Dockerfile and passes the image to the exporters. Cached steps do not run. Their layers are
 * neither read nor unpacked, unless a step that must run, or an exporter, needs the bytes.
 * @throws {LocatedError} for an error that a line of the Dockerfile causes, with an excerpt.
 * @example
 * const { image } = await build({ dockerfile, context, images, cache, store, stateDir, isolation });
 * console.log(image.manifest.digest);
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const plan = await planAndLookUp(options);
  return executePlan({ ...plan, stages: [plan.stage] }, options, async (scheduler) => {
    const built = await buildStage(plan.stage, scheduler, options);
    for (const exporter of options.exporters ?? []) await exporter.export(built, { signal: options.signal });
    return { image: built.image, steps: await reportSteps(plan, scheduler) };
  });
}

/** Plans the build and looks up all steps in the cache at once. Nothing is executed, pulled or unpacked. */
export async function planAndLookUp(options: BuildOptions): Promise<LookedUpPlan> {
  warnOfFrontend(options);
  const stage = await planTarget(options, {});
  return { stage, ...(await lookUp([stage], options)) };
}

/** Plans the target stage. `changes` override what `options` say, such as the platform. */
export async function planTarget(options: BuildOptions, changes: Partial<PlanOptions>): Promise<PlannedStage> {
  const { onProgress = () => {} } = options;
  const source = options.dockerfile;
  const planOptions = {
    source,
    context: options.context,
    namedContexts: options.namedContexts ?? new Map(),
    target: options.target,
    buildArgs: options.buildArgs ?? {},
    platform: options.platform ?? hostPlatform(),
    isPlatformImplicit: options.platform === undefined,
    noCache: options.noCache ?? false,
    network: options.network ?? 'host',
    entitlements: options.entitlements ?? [],
    images: options.images,
    onProgress,
    signal: options.signal,
    ...changes,
  };
  try {
    return await planBuild(parseDockerfile(source.text, { file: source.name }), planOptions);
  } catch (error) {
    throw locateDockerfileError(error, source);
  }
}

/** Calls `finish`, which asks the scheduler for results; calls it again when a cached layer was lost meanwhile. */
export async function executePlan<T>(
  { stages, ...plan }: LookedUpSteps & { readonly stages: readonly PlannedStage[] },
  options: BuildOptions,
  finish: (scheduler: Scheduler) => Promise<T>,
): Promise<T> {
  const { onProgress = () => {} } = options;
  const failure = new AbortController();
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  await options.beforeSteps?.();
  await requireEmulators(stages, plan, options.dockerfile);
  await using session = openBuildSession({ ...options, signal });
  await using prefetcher = openPrefetcher({ ...options, signal });
  const scheduler = new Scheduler({
    keys: plan.keys,
    hits: plan.hits,
    bypassed: plan.bypassed,
    unsettled: plan.unsettled,
    cacheName: options.cache.name,
    prefetch: prefetcher.fetch,
    execute: reportingSteps(stepExecutor({ build: options, ...plan, session, signal }), {
      onProgress,
      source: options.dockerfile,
    }),
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    onProgress,
    signal,
  });
  try {
    return await scheduler.rewinding(() => finish(scheduler));
  } catch (error) {
    failure.abort(error); // stops the other stages
    await scheduler.settled();
    throw error;
  }
}

/** Runs the missing steps of a stage, and stores the config and manifest of its image. */
export async function buildStage(
  stage: PlannedStage,
  scheduler: Scheduler,
  options: BuildOptions,
): Promise<BuiltImage> {
  const stack = await scheduler.stackOf(stage.tip);
  const results = new Map(
    await Promise.all(chainOf(stage.tip).map(async (step) => [step, await scheduler.resultOf(step)] as const)),
  );
  const assembled = assembleStage(stage, results, options);
  await keepDocuments(assembled, options.store);
  return { image: assembled.image, stack };
}

export function assembleStage(
  stage: PlannedStage,
  results: ReadonlyMap<StepNode, StepResult>,
  options: BuildOptions,
): AssembledImage {
  return assembleImage(stage, {
    labels: options.labels ?? {},
    sourceDateEpoch: options.sourceDateEpoch,
    mediaTypes: options.mediaTypes ?? 'oci',
    resultOf: (step) => results.get(step) as StepResult,
  });
}

/** Reports all steps that were cached or that this build evaluated. */
export async function reportSteps(lookedUp: LookedUpSteps, scheduler: Scheduler): Promise<StepReport[]> {
  const known = lookedUp.steps.filter((step) => scheduler.isKnown(step));
  return Promise.all(known.map(async (step) => stepReport(step, await scheduler.resultOf(step))));
}

function stepReport({ info }: StepNode, result: StepResult): StepReport {
  const { key, outcome, origin, durationMs, builder, created, savedMs, layer } = result;
  return {
    step: info,
    key,
    outcome,
    origin,
    durationMs,
    builder,
    created,
    savedMs,
    layer: layer.descriptor.digest,
    sizeBytes: layer.descriptor.size,
  };
}

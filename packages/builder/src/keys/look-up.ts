import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import type { CallOptions, ProgressListener } from '@shale/core';
import type { GraphNode, PlannedStage, StepNode } from '../graph/build-graph.ts';
import { inputsOf, reachableSteps } from '../graph/build-graph.ts';
import type { SourceAccess } from '../copy/source-credentials.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import type { KeyedStep } from '../graph/keyed-step.ts';
import { type ContextReads, contextReads } from './context-reads.ts';
import { remoteVersions } from './remote-version.ts';
import { describeSteps } from './describe-steps.ts';
import { atStep } from '../graph/locate-error.ts';
import type { ContextDigests, LayerOptions, StepKeys } from './step-keys.ts';
import { definitionKeys } from './step-keys.ts';
import { cachedStep } from './cached-step.ts';

export interface LookUpOptions extends LayerOptions, SourceAccess, CallOptions {
  readonly dockerfile: DockerfileSource;
  readonly cache: CacheBackend;
  readonly onProgress?: ProgressListener | undefined;
  /** Called once with all steps, after the cache lookup and before anything runs. */
  readonly onKeyed?: ((steps: readonly KeyedStep[]) => void) | undefined;
}

/** The steps of one or several stages, their keys, and their cache entries. */
export interface LookedUpSteps {
  /** One step for each key, dependencies first. Equal steps of several stages are one. */
  readonly steps: readonly StepNode[];
  readonly keys: StepKeys;
  /** The cache entries that were found. */
  readonly hits: ReadonlyMap<StepNode, CacheEntry>;
  readonly reads: ContextReads;
  /** Steps that skipped the cache lookup. */
  readonly bypassed: ReadonlySet<CacheKey>;
  /** Descendants of bypassed steps: their hits count only if those steps reproduce the cached layer. */
  readonly unsettled: ReadonlySet<CacheKey>;
}

/** The same for one target. */
export interface LookedUpPlan extends LookedUpSteps {
  readonly stage: PlannedStage;
}

/** Whether the step is a hit that no bypassed step can make void. */
export function isSettledHit(step: StepNode, { keys, hits, unsettled }: LookedUpSteps): boolean {
  return hits.has(step) && !unsettled.has(keys.of(step).key);
}

/** Looks up all steps at once: a miss does not end the lookup. */
export async function lookUp(stages: readonly PlannedStage[], options: LookUpOptions): Promise<LookedUpSteps> {
  const { signal, onProgress = () => {} } = options;
  const nodes = reachableSteps(...stages.map(({ tip }) => tip));
  const { dockerfile, fetchUrl, gitEnvironment, secrets } = options;
  const versions = await remoteVersions(nodes, { fetchUrl, gitEnvironment, secrets, dockerfile, signal });
  const reads = contextReads(versions);
  const digestAt: ContextDigests = (step, source) => atStep(step, dockerfile, () => reads.digests(step, source));
  const keys = definitionKeys(nodes, digestAt, options);
  const groups = [...Map.groupBy(nodes, (node) => keys.of(node).key)];
  const steps = groups.map(([, [step]]) => step as StepNode);
  onProgress({ type: 'build.planned', steps: steps.map(({ info }) => info) });
  const bypassed = new Set(groups.filter(([, alike]) => alike.some(({ noCache }) => noCache)).map(([key]) => key));
  const unsettled = unsettledKeys(nodes, keys, bypassed);
  const found = await Promise.all(
    groups.map(async ([key, alike]) => {
      if (bypassed.has(key)) return [];
      const entry = await options.cache.lookup(key, { signal });
      const [step] = alike;
      if (entry !== undefined && step !== undefined && !unsettled.has(key))
        onProgress(cachedStep(step, entry, options.cache.name));
      return entry === undefined ? [] : alike.map((step) => [step, entry] as const);
    }),
  );
  const hits = new Map(found.flat());
  options.onKeyed?.(describeSteps(steps, keys, hits));
  return { steps, keys, hits, reads, bypassed, unsettled };
}

/** @param nodes Dependencies first. */
function unsettledKeys(
  nodes: readonly StepNode[],
  keys: StepKeys,
  bypassed: ReadonlySet<CacheKey>,
): ReadonlySet<CacheKey> {
  const unsettled = new Set<CacheKey>();
  if (bypassed.size === 0) return unsettled;
  const keyOf = (node: StepNode) => keys.of(node).key;
  const isOpen = (node: GraphNode) => node.kind === 'step' && (bypassed.has(keyOf(node)) || unsettled.has(keyOf(node)));
  for (const node of nodes) if (!bypassed.has(keyOf(node)) && inputsOf(node).some(isOpen)) unsettled.add(keyOf(node));
  return unsettled;
}

import type { CacheEntry, CacheKey } from '@shale/cache';
import type { StageNode, StepNode } from './build-graph.ts';
import { reachableSteps } from './build-graph.ts';
import type { BuildOptions } from './build-options.ts';
import { type ContextReads, contextReads } from './context/context-reads.ts';
import { remoteVersions } from './copy/remote-version.ts';
import { keyedSteps } from './keyed-steps.ts';
import { atStep } from './locate.ts';
import type { ContextDigests, StepKey } from './step-keys.ts';
import { definitionKeys } from './step-keys.ts';

/** The steps of one or several stages, their keys, and what the cache knows of them. */
export interface LookedUpSteps {
  /** One for each key, dependencies first: what several stages need alike is one step. */
  readonly steps: readonly StepNode[];
  readonly keys: ReadonlyMap<StepNode, StepKey>;
  /** Steps are taken out when their layer turns out to be gone. */
  readonly hits: Map<StepNode, CacheEntry>;
  readonly reads: ContextReads;
}

/** The same for one target. */
export interface LookedUpPlan extends LookedUpSteps {
  readonly stage: StageNode;
}

/** Asks for all steps in one round; a miss does not end the lookup. */
export async function lookUp(stages: readonly StageNode[], options: BuildOptions): Promise<LookedUpSteps> {
  const { signal, onProgress = () => {} } = options;
  const nodes = reachableSteps(...stages.map(({ tip }) => tip));
  const { dockerfile, fetchUrl, gitEnvironment, secrets } = options;
  const versions = await remoteVersions(nodes, { fetchUrl, gitEnvironment, secrets, dockerfile, signal });
  const reads = contextReads(versions);
  const digestAt: ContextDigests = (step, source) => atStep(step, dockerfile, () => reads.digests(step, source));
  const keys = definitionKeys(nodes, digestAt, options);
  const groups = [...Map.groupBy(nodes, (node) => (keys.get(node) as StepKey).key)];
  const steps = groups.map(([, [step]]) => step as StepNode);
  onProgress({ type: 'build.planned', steps: steps.map(({ info }) => info) });
  const found = await Promise.all(
    groups.map(async ([key, alike]) => {
      const entry = await askFor(key, alike, options);
      return entry === undefined ? [] : alike.map((step) => [step, entry] as const);
    }),
  );
  const hits = new Map(found.flat());
  options.onKeyed?.(keyedSteps(steps, keys, hits));
  return { steps, keys, hits, reads };
}

async function askFor(
  key: CacheKey,
  alike: readonly StepNode[],
  { cache, signal, onProgress }: BuildOptions,
): Promise<CacheEntry | undefined> {
  if (alike.some(({ noCache }) => noCache)) return undefined;
  const entry = await cache.lookup(key, { signal });
  const [step] = alike;
  if (entry !== undefined && step !== undefined)
    onProgress?.({
      type: 'step.finished',
      step: step.info,
      outcome: 'cached',
      durationMs: 0,
      origin: entry.origin ?? cache.name,
    });
  return entry;
}

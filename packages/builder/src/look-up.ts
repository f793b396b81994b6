import type { CacheEntry } from '@shale/cache';
import type { StageNode, StepNode } from './build-graph.ts';
import { reachableSteps } from './build-graph.ts';
import type { BuildOptions } from './build-options.ts';
import { contextDigests } from './copy/digest-context-source.ts';
import { remoteVersions } from './copy/remote-version.ts';
import type { StepKey } from './step-keys.ts';
import { definitionKeys } from './step-keys.ts';

/** A plan, its keys, and what the cache knows of them. */
export interface LookedUpPlan {
  readonly stage: StageNode;
  readonly keys: ReadonlyMap<StepNode, StepKey>;
  /** Steps are taken out when their layer turns out to be gone. */
  readonly hits: Map<StepNode, CacheEntry>;
}

/** Asks for all steps in one round; a miss does not end the lookup. */
export async function lookUp(stage: StageNode, options: BuildOptions): Promise<LookedUpPlan> {
  const { cache, signal, onProgress = () => {} } = options;
  const steps = reachableSteps(stage.tip);
  onProgress({ type: 'build.planned', steps: steps.map(({ info }) => info) });
  const versions = await remoteVersions(steps, { fetchUrl: options.fetchUrl, signal });
  const keys = definitionKeys(stage.tip, contextDigests(versions));
  const found = await Promise.all(
    steps.map(async (step) => {
      const entry = step.noCache ? undefined : await cache.lookup((keys.get(step) as StepKey).key, { signal });
      if (entry !== undefined)
        onProgress({
          type: 'step.finished',
          step: step.info,
          outcome: 'cached',
          durationMs: 0,
          origin: entry.origin ?? cache.name,
        });
      return entry === undefined ? [] : [[step, entry] as const];
    }),
  );
  return { stage, keys, hits: new Map(found.flat()) };
}

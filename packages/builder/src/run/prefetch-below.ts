import type { CacheEntry, CacheKey } from '@shale/cache';
import type { StepNode } from '../graph/build-graph.ts';
import { chainOf, inputsOf } from '../graph/build-graph.ts';
import { baseStack } from '../graph/layer-stack.ts';
import type { LayerStack } from '../graph/layer-stack.ts';
import type { StepKeys } from '../keys/step-keys.ts';

export interface PrefetchOptions {
  readonly keys: StepKeys;
  readonly hits: ReadonlyMap<StepNode, CacheEntry>;
  /** Fetches and unpacks layers. Failures are ignored: the step that needs the layers reports them. */
  readonly prefetch: (stack: LayerStack) => Promise<void>;
}

/**
 * Fetches the known layers below a RUN that must run, while the first missing step below it waits for another stage. Layers
 * that may turn out not to be needed are not fetched.
 */
export function prefetcherBelow({ keys, hits, prefetch }: PrefetchOptions): (run: StepNode) => void {
  /** Steps whose lower layers are already being prefetched. */
  const started = new Set<CacheKey>();
  return (run) => {
    const chain = chainOf(run);
    const index = chain.findIndex((step) => !hits.has(step));
    const first = chain[index] ?? run;
    const [, ...sources] = inputsOf(first);
    const waits = sources.some((node) => chainOf(node).some((step) => !hits.has(step)));
    if (!waits || started.has(keys.of(first).key)) return;
    started.add(keys.of(first).key);
    const known = chain.slice(0, index).flatMap((step) => hits.get(step) ?? []);
    const stack = [...baseStack(run), ...known.map(({ layer, blobs }) => ({ layer, blobs }))];
    if (stack.length > 0) prefetch(stack).catch(() => undefined);
  };
}

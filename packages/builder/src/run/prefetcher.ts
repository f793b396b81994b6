import type { ExecutionOptions } from './execute-step.ts';
import { isSerial } from '../executors/executor.ts';
import type { LayerStack } from '../graph/layer-stack.ts';

/** Fetches and unpacks layers ahead of time. Disposal waits for running fetches, so that none outlives the build. */
export interface Prefetcher extends AsyncDisposable {
  fetch(stack: LayerStack): Promise<void>;
}

export function openPrefetcher({
  isolation,
  onProgress,
  signal,
}: Pick<ExecutionOptions, 'isolation' | 'onProgress' | 'signal'>): Prefetcher {
  const running = new Set<Promise<void>>();
  const unpack = async (stack: LayerStack) => {
    const { executor, snapshotter } = await isolation();
    if (executor !== undefined && isSerial(executor)) return; // a prefetch would change trees while a step runs
    await using _ = await snapshotter.view(stack, { onProgress, signal });
  };
  return {
    fetch(stack) {
      const fetching = unpack(stack).finally(() => running.delete(fetching));
      running.add(fetching);
      return fetching;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(running);
    },
  };
}

import { chooseIsolation, type ChooseIsolationOptions, type Isolation } from '@shale/builder/isolation';
import type { ProgressListener } from '@shale/core';

/** Chooses the isolation when the first step must run, and reports the choice as `isolation.chosen`. */
export function lazyIsolation(options: ChooseIsolationOptions, onProgress: ProgressListener): () => Promise<Isolation> {
  let chosen: Promise<Isolation> | undefined;
  const choose = async () => {
    const isolation = await chooseIsolation(options);
    const { executor, snapshotter, reason } = isolation;
    onProgress({ type: 'isolation.chosen', executor: executor?.name ?? 'none', snapshotter: snapshotter.name, reason });
    return isolation;
  };
  return () => (chosen ??= choose());
}

import type { ProgressListener } from '@shale/core';
import { Tally } from '../render/tally.ts';

/** Counts what a build moved and stored, for its report. */
export class BuildTotals {
  readonly stored = { entries: 0, bytes: 0 };
  readonly tally = new Tally();

  /** Passes every event on to `onProgress`, and counts. */
  watch(onProgress: ProgressListener): ProgressListener {
    return (event) => {
      this.tally.add(event);
      if (event.type === 'cache.stored') {
        this.stored.entries += 1;
        this.stored.bytes += event.bytes;
      }
      onProgress(event);
    };
  }
}

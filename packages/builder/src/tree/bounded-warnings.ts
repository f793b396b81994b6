import type { ProgressListener, SourcePlace } from '@shale/core';

export interface BoundedWarningsOptions {
  readonly onProgress: ProgressListener | undefined;
  readonly place?: SourcePlace | undefined;
}

/** Warnings of one piece of work; disposed, it tells how many more there were. */
export interface BoundedWarnings extends Disposable {
  readonly warn: (message: string) => void;
}

/** A tree of a million files can lose an attribute of each. */
const MOST = 5;

export function boundedWarnings(code: string, { onProgress, place }: BoundedWarningsOptions): BoundedWarnings {
  const tell = (message: string) => onProgress?.({ type: 'warning', code, message, place });
  let count = 0;
  return {
    warn(message) {
      count += 1;
      if (count <= MOST) tell(message);
    },
    [Symbol.dispose]() {
      if (count > MOST) tell(`${count - MOST} more warnings like these`);
    },
  };
}

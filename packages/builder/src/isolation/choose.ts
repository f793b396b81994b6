import type { Executor } from '../executor.ts';
import type { Snapshotter } from '../snapshotter.ts';

/** How steps run on this machine. */
export interface Isolation {
  readonly snapshotter: Snapshotter;
  /** `undefined` where no command can be run: builds without RUN still work. */
  readonly executor: Executor | undefined;
  /** Why these, in a sentence. */
  readonly reason: string;
}

import type { ProgressListener } from '@shale/core';
import type { SourceAccess } from '../copy/source-credentials.ts';

/** What the work of steps depends on, besides the steps themselves. */
export interface StepOptions extends SourceAccess {
  /** Private files of builds: snapshots, the stat cache. */
  readonly stateDir: string;
  /** Where the directories of `RUN --mount=type=cache` are, in `cache-mounts`. @default stateDir */
  readonly cacheMountDir?: string | undefined;
  /** Agent sockets by id. */
  readonly ssh?: ReadonlyMap<string, string> | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

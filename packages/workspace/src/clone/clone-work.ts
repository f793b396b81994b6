import type { CallOptions } from '@shale/core';
import type { GitSession } from '@shale/git';

/** git with the access to one repository, and the directory it works in. */
export interface CloneWork extends CallOptions {
  readonly session: GitSession;
  readonly cwd: string;
  readonly onLine: ((line: string) => void) | undefined;
}

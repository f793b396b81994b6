import { ShaleError } from '@shale/core';
import type { SourceTree } from '../tree/source-tree.ts';

/** What COPY and ADD may read. */
export interface BuildContext extends AsyncDisposable {
  readonly kind: 'directory' | 'tar' | 'git';
  /** Absolute, on the host. */
  readonly root: string;
  /** The files, less what the ignore file leaves out. */
  readonly files: SourceTree;
  /** Of a git context: when the commit was made, in seconds since the epoch. */
  readonly commitTime?: number | undefined;
}

/** What `namedContexts` puts behind a name. */
export type NamedContext =
  | { readonly type: 'directory'; readonly context: BuildContext }
  | { readonly type: 'image'; readonly reference: string };

export class ContextInvalidError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

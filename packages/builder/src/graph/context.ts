import { ShaleError } from '@shale/core';
import type { SourceTree } from '../tree/source-tree.ts';

/** What COPY and ADD may read. */
export interface BuildContext extends AsyncDisposable {
  readonly kind: 'directory' | 'tar' | 'git';
  /** Absolute, on the host. */
  readonly root: string;
  /** The files, without those that the ignore file excludes. */
  readonly files: SourceTree;
  /** For a git context: the time of the commit, in seconds since the epoch. */
  readonly commitTime?: number | undefined;
}

/** What a name of `BuildOptions.namedContexts` stands for. */
export type NamedContext =
  | { readonly type: 'directory'; readonly context: BuildContext }
  | { readonly type: 'image'; readonly reference: string };

export class ContextInvalidError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

import { ShaleError, type ShaleErrorOptions } from '@shale/core';

/** Why git failed, as far as its output tells. */
export type GitFailureReason =
  /** The web server requires other credentials. */
  | 'authentication'
  /** The ssh server refused the key, or its host key is unknown. */
  | 'handshake'
  /** The repository has no such branch or tag. */
  | 'reference-missing'
  /** The server can only send the whole history. */
  | 'shallow-unsupported'
  /** The repository uses another hash for its objects. */
  | 'other-hash'
  /** There is no git program here. */
  | 'no-program'
  | 'other';

/** The name of a repository is malformed, or the repository cannot be fetched. The message has git's words, without secrets. */
export class GitFailedError extends ShaleError {
  readonly code: 'GIT_FAILED' | 'GIT_ACCESS_DENIED';
  readonly reason: GitFailureReason;

  constructor(message: string, options: ShaleErrorOptions & { readonly reason?: GitFailureReason | undefined } = {}) {
    super(message, options);
    this.reason = options.reason ?? 'other';
    this.code = this.reason === 'authentication' || this.reason === 'handshake' ? 'GIT_ACCESS_DENIED' : 'GIT_FAILED';
  }
}

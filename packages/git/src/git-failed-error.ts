import { ShaleError, type ShaleErrorOptions } from '@shale/core';

/** Why git failed, as far as its words tell. */
export type GitFailureReason =
  /** The web server refused the credentials, or wants some. */
  | 'authentication'
  /** The ssh server refused the key, or its own key is not the known one. */
  | 'handshake'
  /** The repository has no such branch or tag. */
  | 'reference-missing'
  /** The server cannot send a part of the history. */
  | 'shallow-unsupported'
  /** The repository names its objects by another hash than the local one. */
  | 'other-hash'
  /** There is no git program here. */
  | 'no-program'
  | 'other';

/** A repository cannot be named like that, or cannot be fetched. The message has git's own words, without secrets. */
export class GitFailedError extends ShaleError {
  readonly code: 'GIT_FAILED' | 'GIT_ACCESS_DENIED';
  readonly reason: GitFailureReason;

  constructor(message: string, options: ShaleErrorOptions & { readonly reason?: GitFailureReason | undefined } = {}) {
    super(message, options);
    this.reason = options.reason ?? 'other';
    this.code = this.reason === 'authentication' || this.reason === 'handshake' ? 'GIT_ACCESS_DENIED' : 'GIT_FAILED';
  }
}

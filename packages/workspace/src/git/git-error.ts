import { ShaleError } from '@shale/core';

/** A repository that cannot be cloned. The message has git's own words, without secrets. */
export class CloneFailedError extends ShaleError {
  readonly code = 'GIT_FAILED';
}

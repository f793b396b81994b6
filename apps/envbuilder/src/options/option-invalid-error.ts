import { ShaleError } from '@shale/core';

/** An option that cannot be understood, or two that exclude each other. Nothing was done. */
export class OptionInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

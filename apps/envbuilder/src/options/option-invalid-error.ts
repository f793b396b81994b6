import { ShaleError } from '@shale/core';

/** An option is malformed, or two exclude each other. Nothing was done. */
export class OptionInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

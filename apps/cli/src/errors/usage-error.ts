import { ShaleError } from '@shale/core';

/** The command line, or a variable that stands for a flag, cannot be understood. Ends with exit code 2. */
export class UsageError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

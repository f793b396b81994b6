import { ShaleError } from '@shale/core';

/** The result of a build cannot be written where it was asked for. */
export class OutputUnwritableError extends ShaleError {
  readonly code = 'OUTPUT_UNWRITABLE';
}

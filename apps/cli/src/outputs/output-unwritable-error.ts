import { ShaleError } from '@shale/core';

export class OutputUnwritableError extends ShaleError {
  readonly code = 'OUTPUT_UNWRITABLE';
}

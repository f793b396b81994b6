import { ShaleError } from '@shale/core';

/** The kernel refused something that the executor needs, for this step or at all. The step itself did not start. */
export class SandboxFailedError extends ShaleError {
  readonly code = 'SANDBOX_FAILED';
}

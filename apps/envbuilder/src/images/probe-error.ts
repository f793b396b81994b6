import type { ProbedStep } from '@shale/builder';
import { ShaleError } from '@shale/core';

/** A step of the image is not cached. */
class ProbeMissError extends ShaleError {
  readonly code = 'PROBE_MISS';
}

export class ImageNotPushedError extends ShaleError {
  readonly code = 'PROBE_MISS';

  constructor(name: string) {
    super(`error probing build cache: every step is cached, but there is no image ${name}`, {
      hint: 'Start a container with ENVBUILDER_PUSH_IMAGE once.',
    });
  }
}

/** The error for the first step that is not cached, in envbuilder's words. */
export function missingStep(steps: readonly ProbedStep[]): ShaleError {
  const missing = steps.find(({ hit }) => hit === undefined);
  if (missing === undefined) throw new Error('a step of the image is missing, and none is');
  const { name, place } = missing.step;
  const [instruction = ''] = name.split(' ', 1);
  const where = place === undefined ? '' : ` (${place.file}:${place.line})`;
  const what =
    instruction === 'ADD'
      ? 'ADD is not supported in cache probe mode, use COPY instead'
      : `uncached ${instruction} command is not supported in cache probe mode`;
  return new ProbeMissError(`error probing build cache: ${what}: ${name}${where}`, {
    hint: 'Start a container with ENVBUILDER_PUSH_IMAGE once.',
  });
}

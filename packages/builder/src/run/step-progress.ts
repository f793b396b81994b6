import type { ProgressListener } from '@shale/core';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import { locateStep } from '../graph/locate-error.ts';
import type { SchedulerOptions } from './scheduler.ts';

/** Reports when each executed step starts and ends. Adds the step's lines to its error. */
export function reportingSteps(
  execute: SchedulerOptions['execute'],
  { onProgress, source }: { readonly onProgress: ProgressListener; readonly source: DockerfileSource },
): SchedulerOptions['execute'] {
  return async (step, stacks, wish) => {
    const { info } = step;
    const started = performance.now();
    onProgress({ type: 'step.started', step: info });
    try {
      const result = await execute(step, stacks, wish);
      const { outcome, origin } = result;
      const durationMs = outcome === 'ran' ? result.durationMs : performance.now() - started;
      onProgress({ type: 'step.finished', step: info, outcome, durationMs, origin });
      return result;
    } catch (error) {
      onProgress({ type: 'step.finished', step: info, outcome: 'failed', durationMs: performance.now() - started });
      throw locateStep(error, step, source);
    }
  };
}

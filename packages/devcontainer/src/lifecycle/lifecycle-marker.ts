import type { LifecyclePhase } from './lifecycle-plan.ts';

/** What tells one container, and one start of it, from another: times in whatever form. */
export interface ContainerTimes {
  readonly createdAt: string;
  readonly startedAt: string;
}

/** A file that says for which container, or which start, a phase has run. */
export interface LifecycleMarker {
  /** In `.devcontainer` of the remote user's home. */
  readonly file: string;
  readonly content: string;
}

/** The marker of a phase, as the official CLI has it; `undefined` where it runs each time. */
export function lifecycleMarker({ hook, once }: LifecyclePhase, times: ContainerTimes): LifecycleMarker | undefined {
  if (once === 'attach') return undefined;
  return { file: `.${hook}Marker`, content: once === 'creation' ? times.createdAt : times.startedAt };
}

/**
 * Whether a phase is to run. Write the marker before it runs: a command that fails is not run again.
 * @param recorded What the marker's file holds; `undefined` where it is not there.
 */
export function isPhaseDue(phase: LifecyclePhase, times: ContainerTimes, recorded: string | undefined): boolean {
  const marker = lifecycleMarker(phase, times);
  return phase.again || marker === undefined || recorded?.trim() !== marker.content;
}

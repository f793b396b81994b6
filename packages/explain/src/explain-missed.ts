import type { KeyedStep } from '@shale/builder';
import type { CallOptions } from '@shale/core';
import type { BuildJournal } from './build-journal.ts';
import { type EarlierStep, explainSteps, type StepExplanation } from './explain-steps.ts';
import { earlierSteps, type ExplainedStep } from './explained-step.ts';
import { openTrails, type TrailPlace } from './trails.ts';

/** Why these steps are not cached, according to the trails of this machine. */
export function explainMissed(
  { steps, events, degraded }: BuildJournal,
  missed: readonly KeyedStep[],
  place: TrailPlace,
): readonly StepExplanation[] {
  const earlier = earlierSteps(openTrails(place).read(place.build));
  return explainSteps(missed, { steps, earlier, events, degraded });
}

export interface ExplainProbeOptions extends TrailPlace, CallOptions {
  /** Reads the entries of the caches, as `earlierEntries` does. Called only when the trails do not know a step. */
  readonly readEntries: () => Promise<readonly EarlierStep[]>;
}

/** Why each step of a probe is not cached, according to the trails and, for steps that are not in them, to the caches. */
export async function explainProbe(
  journal: BuildJournal,
  { readEntries, signal, ...place }: ExplainProbeOptions,
): Promise<readonly ExplainedStep[]> {
  const { steps, events, degraded } = journal;
  const missed = steps.filter(({ hit }) => hit === undefined);
  const explained = explainMissed(journal, missed, place);
  const again = explained.some(isUnknown) ? await readAgain() : explained;
  return missed.map(({ inputs, values }, index) => {
    const [first, second] = [explained[index], again[index]];
    const explanation = first !== undefined && !isUnknown(first) ? first : second;
    if (explanation === undefined) throw new Error('a step that missed has no explanation');
    return { explanation, inputs, values: values() };
  });

  async function readAgain(): Promise<readonly StepExplanation[]> {
    const entries = await readEntries().catch((error: unknown) => {
      signal?.throwIfAborted();
      if (degraded.length === 0) throw error;
      return []; // the failure of this cache was reported already
    });
    const trails = earlierSteps(openTrails(place).read(place.build));
    return explainSteps(missed, { steps, earlier: [...trails, ...entries], events, degraded });
  }
}

function isUnknown({ cause }: StepExplanation): boolean {
  return cause.type === 'first-build' || cause.type === 'new-step';
}

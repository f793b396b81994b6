import type { BuildJournal } from './build-journal.ts';
import type { StepExplanation } from './explain-steps.ts';
import { openTrails, type TrailPlace } from './trails.ts';

/**
 * Remembers what the steps of a build were made of, and why some ran. Call it when the build has ended. After a build
 * whose steps were all cached it writes next to nothing.
 * @returns Why steps ran.
 */
export async function keepTrails(journal: BuildJournal, place: TrailPlace): Promise<readonly StepExplanation[]> {
  const done = journal.done();
  if (done.length === 0) return [];
  const { explained, note } = await explainRan(journal, place);
  const steps = done.map(({ step, key, inputs, values }) => ({
    step: { stage: step.stage, index: step.index },
    name: step.name,
    key,
    inputs,
    values,
  }));
  openTrails(place).append(place.build, steps, note);
  return explained;
}

async function explainRan(
  journal: BuildJournal,
  place: TrailPlace,
): Promise<{ readonly explained: readonly StepExplanation[]; readonly note: string }> {
  const ran = journal.ran();
  if (ran.length === 0) return { explained: [], note: '' };
  // a build whose steps were all cached does not load the explanations
  const [{ explainMissed }, { formatNote }] = await Promise.all([
    import('./explain-missed.ts'),
    import('./build-note.ts'),
  ]);
  const explained = explainMissed(journal, ran, place);
  return { explained, note: formatNote({ steps: journal.done().length, misses: explained }) };
}

import type { BuildJournal } from './build-journal.ts';
import type { StepExplanation } from './explain-steps.ts';
import { openTrails, type TrailPlace } from './open-trails.ts';

/**
 * Remembers what the steps of a build were made of, and why some ran. Where all were cached it writes next to nothing.
 * @returns Why steps ran.
 */
export async function keepTrails(journal: BuildJournal, place: TrailPlace): Promise<readonly StepExplanation[]> {
  const done = journal.done();
  if (done.length === 0) return [];
  const trails = openTrails(place);
  const { explained, note } = await explainRan(journal, place);
  const steps = done.map(({ step, key, inputs, values }) => ({
    step: { stage: step.stage, index: step.index },
    name: step.name,
    key,
    inputs,
    values,
  }));
  trails.append(place.build, steps, note);
  return explained;
}

async function explainRan(
  journal: BuildJournal,
  place: TrailPlace,
): Promise<{ readonly explained: readonly StepExplanation[]; readonly note: string }> {
  const ran = journal.ran();
  if (ran.length === 0) return { explained: [], note: '' };
  const { explainMissed, formatNote } = await import('./last-build.ts');
  const explained = explainMissed(journal, ran, place);
  return { explained, note: formatNote(explained, journal.done().length) };
}

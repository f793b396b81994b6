import { parseNote } from './build-note.ts';
import type { ExplainedStep } from './explained-step.ts';
import { openTrails, type TrailPlace } from './trails.ts';

/** What the last build did, and why. */
export interface ExplainedBuild {
  /** The name that `keepTrails` was given. */
  readonly build: string;
  readonly ended: Date;
  /** How many steps have a result. */
  readonly steps: number;
  /** The steps that ran. */
  readonly misses: readonly ExplainedStep[];
}

/** Explains the last build that `keepTrails` remembers; `undefined` when it remembers none. */
export function explainLastBuild(place: Pick<TrailPlace, 'directory'>): ExplainedBuild | undefined {
  const trails = openTrails(place);
  const last = trails.last();
  if (last === undefined) return undefined;
  const { build, ended, note } = last;
  const entries = trails.read(build);
  const { steps, misses } = parseNote(note, entries);
  return {
    build,
    ended,
    steps,
    misses: misses.map((explanation) => {
      const own = entries.find(({ key }) => key === explanation.key);
      return { explanation, inputs: own?.inputs ?? [], values: own?.values };
    }),
  };
}

import type { CacheInput } from '@shale/cache';
import type { TrailEntry } from '@shale/cache/explain';
import { type EarlierStep, keywordOf, type StepExplanation } from './explain-steps.ts';

/** An explanation, and what the step's key was made of. */
export interface ExplainedStep {
  readonly explanation: StepExplanation;
  readonly inputs: readonly CacheInput[];
  /** What some inputs hold, by name. They may be confidential. */
  readonly values?: Readonly<Record<string, string>> | undefined;
}

/** The keys of earlier builds, to compare with. */
export function earlierSteps(trails: readonly TrailEntry[]): readonly EarlierStep[] {
  return trails.map((entry) => ({ ...entry, keyword: keywordOf(entry.name) }));
}

import type { MissCause, TrailEntry } from '@shale/cache/explain';
import type { StepInfo } from '@shale/core';
import type { StepExplanation } from './explain-steps.ts';
import { earlierSteps } from './explained-step.ts';

/** What is remembered of a build: which steps ran, and why. */
export interface BuildNote {
  /** How many steps have a result. */
  readonly steps: number;
  readonly misses: readonly StepExplanation[];
}

/** The most explanations in a note, so that it stays small. */
const MAX_EXPLAINED = 500;
const MAX_OTHERS = 20;

export function formatNote({ steps, misses }: BuildNote): string {
  const noted = misses.slice(0, MAX_EXPLAINED).map(({ others, nearest, ...miss }) => ({
    ...miss,
    others: others.slice(0, MAX_OTHERS),
    nearest: nearest?.key,
  }));
  return JSON.stringify({ steps, misses: noted }, errorsAsText);
}

/** Reads a note again. `trails` are the current ones, which hold the steps of that build. */
export function parseNote(note: string, trails: readonly TrailEntry[]): BuildNote {
  if (note === '') return { steps: 0, misses: [] };
  const document = JSON.parse(note) as { steps: number; misses: readonly NotedMiss[] };
  const earlier = earlierSteps(trails);
  return {
    steps: document.steps,
    misses: document.misses.map(({ cause, others, nearest, ...miss }) => ({
      ...miss,
      follows: miss.follows,
      cause: revived(cause),
      others: others.map(revived),
      nearest: earlier.find(({ key }) => key === nearest),
    })),
  };
}

interface NotedMiss {
  readonly step: StepInfo;
  readonly key: StepExplanation['key'];
  readonly cause: MissCause;
  readonly others: readonly MissCause[];
  readonly follows?: StepInfo;
  readonly nearest?: StepExplanation['key'];
}

function revived(cause: MissCause): MissCause {
  return cause.type === 'expired' ? { ...cause, created: new Date(cause.created) } : cause;
}

function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

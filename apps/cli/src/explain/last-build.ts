import type { LastBuild, MissCause, TrailEntry } from '@shale/cache/explain';
import type { StepInfo } from '@shale/core';
import type { KeyedStep } from '@shale/builder';
import type { BuildJournal } from './build-journal.ts';
import { openTrails, type TrailPlace } from './open-trails.ts';
import { type EarlierStep, explainSteps, keywordOf, type StepExplanation } from './explain-steps.ts';

/** Explanations kept of one build, so that a note stays small. */
const MAX_EXPLAINED = 500;
const MAX_OTHERS = 20;

/** The keys of earlier builds, to compare with. */
export function earlierSteps(trails: readonly TrailEntry[]): readonly EarlierStep[] {
  return trails.map((entry) => ({ ...entry, keyword: keywordOf(entry.name) }));
}

/** Why these steps are not cached, by the trails of this machine. */
export function explainMissed(
  { steps, events, degraded }: BuildJournal,
  missed: readonly KeyedStep[],
  { stateDir, build }: TrailPlace,
): readonly StepExplanation[] {
  const earlier = earlierSteps(openTrails({ stateDir }).read(build));
  return explainSteps(missed, { steps, earlier, events, degraded });
}

/** What `shale explain` reads after a build. */
export function formatNote(explained: readonly StepExplanation[], steps: number): string {
  const misses = explained.slice(0, MAX_EXPLAINED).map(({ step, key, cause, others, follows, nearest }) => ({
    step,
    key,
    cause,
    others: others.slice(0, MAX_OTHERS),
    follows,
    nearest: nearest?.key,
  }));
  return JSON.stringify({ steps, misses }, errorsAsText);
}

export interface NotedBuild {
  /** Steps that had a result. */
  readonly steps: number;
  readonly misses: readonly StepExplanation[];
}

/** Reads the note again; `trails` are those of now, which have the steps of that build. */
export function parseNote({ note }: LastBuild, trails: readonly TrailEntry[]): NotedBuild {
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

import type { Phase, Place } from './measure.ts';

/** At most this many times the peer's wall time. */
export interface Goal {
  readonly scenario: string;
  readonly place: Place;
  readonly phase: Phase;
  readonly peer: string;
  readonly ratio: number;
}

const buildkit = (place: Place, phase: Phase, ratios: Readonly<Record<string, number>>): Goal[] =>
  Object.entries(ratios).map(([scenario, ratio]) => ({ scenario, place, phase, peer: 'buildkit', ratio }));

export const goals: readonly Goal[] = [
  ...buildkit('local', 'cold', {
    '10-steps': 0.63,
    '120-steps': 0.48,
    application: 1,
    'large-tree': 0.56,
    'many-files': 0.34,
  }),
  ...buildkit('local', 'cached', {
    '10-steps': 1.6,
    '120-steps': 0.43,
    application: 1,
    'large-tree': 0.35,
    'many-files': 0.21,
  }),
  ...buildkit('local', 'changed', { application: 0.91 }),
  ...buildkit('fresh', 'cold', { '10-steps': 0.83, '120-steps': 0.56, application: 0.8, 'large-tree': 0.55 }),
  ...buildkit('fresh', 'cached', { '10-steps': 1, '120-steps': 0.03, application: 1, 'large-tree': 0.3 }),
  ...buildkit('fresh', 'changed', { application: 0.5 }),
];

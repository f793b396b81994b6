import { type Measurement, median } from './measure.ts';

/** At most this many times the peer's wall time. */
interface Goal {
  readonly scenario: string;
  readonly phase: Measurement['phase'];
  readonly peer: string;
  readonly ratio: number;
}

const GOALS: readonly Goal[] = [
  { scenario: 'a', phase: 'cold', peer: 'buildkit', ratio: 1 },
  { scenario: 'a', phase: 'cold', peer: 'buildah', ratio: 0.3 },
  { scenario: 'a', phase: 'cached', peer: 'buildkit', ratio: 1 },
  { scenario: 'b', phase: 'cold', peer: 'buildkit', ratio: 1 },
  { scenario: 'b', phase: 'cold', peer: 'buildah', ratio: 0.3 },
  { scenario: 'b', phase: 'cached', peer: 'buildkit', ratio: 0.5 },
];

export interface BenchResult {
  readonly scenario: string;
  readonly phase: Measurement['phase'];
  /** In milliseconds, by contender. */
  readonly medians: Readonly<Record<string, number>>;
}

export function summarise(measurements: readonly Measurement[]): BenchResult[] {
  const groups = Map.groupBy(measurements, ({ scenario, phase }) => `${scenario} ${phase}`);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const byContender = Map.groupBy(group, ({ contender }) => contender);
    const medians = [...byContender].map(([name, runs]) => [
      name,
      median(runs.map(({ milliseconds }) => milliseconds)),
    ]);
    return {
      scenario: first?.scenario ?? '',
      phase: first?.phase ?? 'cold',
      medians: Object.fromEntries(medians) as Record<string, number>,
    };
  });
}

/** The table that people read: medians, then shale's time as a share of each peer's, beside the goal. */
export function formatResults(results: readonly BenchResult[]): string {
  const names = [...new Set(results.flatMap(({ medians }) => Object.keys(medians)))];
  const header = ['scenario', 'phase', ...names, 'ratios (goal)'];
  const rows = results.map((result) => [
    result.scenario,
    result.phase,
    ...names.map((name) => seconds(result.medians[name])),
    ratiosOf(result),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function ratiosOf({ scenario, phase, medians }: BenchResult): string {
  const own = medians['shale'];
  if (own === undefined) return '';
  const peers = Object.entries(medians).filter(([name]) => name !== 'shale');
  return peers
    .map(([name, time]) => {
      const goal = GOALS.find(
        (candidate) => candidate.scenario === scenario && candidate.phase === phase && candidate.peer === name,
      );
      const ratio = own / time;
      if (goal === undefined) return `${ratio.toFixed(2)}x ${name}`;
      return `${ratio.toFixed(2)}x ${name} (${goal.ratio}x ${ratio <= goal.ratio ? 'met' : 'MISSED'})`;
    })
    .join(', ');
}

function seconds(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : `${(milliseconds / 1000).toFixed(2)} s`;
}

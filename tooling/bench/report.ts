import { goals } from './goals.ts';
import { type Measurement, median, type Phase, type Place } from './measure.ts';

/** The medians of one kind of build, by contender. */
export interface BenchResult {
  readonly scenario: string;
  readonly place: Place;
  readonly phase: Phase;
  readonly contenders: Readonly<Record<string, Medians>>;
}

export type Medians = Pick<Measurement, 'milliseconds' | 'cpuSeconds' | 'peakMiB' | 'movedMiB'>;

export function summarise(measurements: readonly Measurement[]): BenchResult[] {
  const groups = Map.groupBy(measurements, ({ scenario, place, phase }) => `${scenario} ${place} ${phase}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const byContender = Map.groupBy(group, ({ contender }) => contender);
    const contenders = Object.fromEntries([...byContender].map(([name, runs]) => [name, mediansOf(runs)]));
    return [{ scenario: first.scenario, place: first.place, phase: first.phase, contenders }];
  });
}

function mediansOf(runs: readonly Measurement[]): Medians {
  const of = (name: keyof Medians) => median(runs.map((run) => run[name]));
  return {
    milliseconds: of('milliseconds'),
    cpuSeconds: of('cpuSeconds'),
    peakMiB: of('peakMiB'),
    movedMiB: of('movedMiB'),
  };
}

const OWN = 'shale';

/** The table that people read: medians, then shale's time as a share of each other's, beside the goal. */
export function formatResults(results: readonly BenchResult[]): string {
  const all = new Set(results.flatMap(({ contenders }) => Object.keys(contenders)));
  const names = [OWN, ...[...all].filter((name) => name !== OWN)];
  const header = ['scenario', 'place', 'phase', ...names, 'ratios (goal)'];
  const rows = results.map((result) => [
    result.scenario,
    result.place,
    result.phase,
    ...names.map((name) => cell(result.contenders[name])),
    ratiosOf(result),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}

function ratiosOf({ scenario, place, phase, contenders }: BenchResult): string {
  const { [OWN]: own, ...peers } = contenders;
  if (own === undefined) return '';
  const ratios = Object.entries(peers).map(([peer, { milliseconds }]) => {
    const ratio = own.milliseconds / milliseconds;
    const goal = goals.find(
      (one) => one.scenario === scenario && one.place === place && one.phase === phase && one.peer === peer,
    );
    const verdict = goal && ` (${goal.ratio}x ${ratio <= goal.ratio ? 'met' : 'MISSED'})`;
    return `${ratio.toFixed(2)}x ${peer}${verdict ?? ''}`;
  });
  return ratios.join(', ');
}

function cell(medians: Medians | undefined): string {
  if (medians === undefined) return '-';
  return `${(medians.milliseconds / 1000).toFixed(2)} s ${medians.peakMiB.toFixed(0)} MiB`;
}

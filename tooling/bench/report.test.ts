import { expect, it } from 'vitest';
import { type Measurement, median } from './measure.ts';
import { formatResults, summarise } from './report.ts';

const run = (contender: string, milliseconds: number): Measurement => ({
  contender,
  scenario: 'application',
  place: 'local',
  phase: 'cached',
  milliseconds,
  cpuSeconds: 0.1,
  peakMiB: 50,
  movedMiB: 0,
});

it('median() takes the middle, or the mean of the two middle values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('formatResults() says which goals are met', () => {
  const results = summarise([run('shale', 90), run('shale', 110), run('buildkit', 200), run('buildah', 50)]);
  expect(formatResults(results).split('\n')[1]).toContain('0.50x buildkit (1x met), 2.00x buildah');
});

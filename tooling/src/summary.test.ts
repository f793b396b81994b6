import { expect, it } from 'vitest';
import { Summary } from './summary.ts';

const NONE = { passed: 0, failures: [], flaky: [], skipped: [] };

it('the last line counts what passed and failed', () => {
  const summary = new Summary();
  summary.addPass();
  summary.addTests({ ...NONE, passed: 5 });
  expect(summary.format()).toBe('6 passed, 0 failed');
  expect(summary.isGreen).toBe(true);
});

it('names what was skipped, flaky or failed', () => {
  const summary = new Summary();
  summary.addFailure('types');
  summary.addTests({
    passed: 2,
    failures: ['a.test.ts > fails'],
    flaky: ['b.test.ts > wavers'],
    skipped: ['c.test.ts > waits'],
  });
  const lines = summary.format().split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'Skipped: 1',
      '  c.test.ts > waits',
      '  b.test.ts > wavers',
      '✗ types',
      '✗ a.test.ts > fails',
    ]),
  );
  expect(lines).toContain('Flaky (passed only when repeated): 1');
  expect(lines.at(-1)).toBe('2 passed, 2 failed, 1 skipped');
  expect(summary.isGreen).toBe(false);
});

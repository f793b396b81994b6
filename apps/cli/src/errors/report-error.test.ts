import { DigestInvalidError, LocatedError, NoSpaceError } from '@shale/core';
import { expect, it } from 'vitest';
import { exitCodeOf, SignalReceivedError } from './exit-code.ts';
import { formatError } from './report-error.ts';
import { paletteOf } from '../terminal/palette.ts';
import { UsageError } from './usage-error.ts';

const plain = { verbose: false, stacks: false, palette: paletteOf(false) };
const failure = new DigestInvalidError('Not a digest: "\u001b]0;x\u0007"', {
  hint: 'Write sha256:…',
  cause: new Error('inner', { cause: new Error('innermost') }),
});

it('formatError() shows message and hint, escaped, and never a stack', () => {
  expect(formatError(failure, plain)).toBe('error: Not a digest: "\\x1b]0;x\\x07"\nhint:  Write sha256:…');
});

it('formatError() adds what helps in the CLI to the hint', () => {
  const report = formatError(new NoSpaceError('full', { hint: 'Free some space.' }), plain);
  expect(report).toMatch(/^hint: {2}Free some space\. `shale cache prune`.*--state-dir/m);
});

it('formatError() shows the causes on request', () => {
  const report = formatError(failure, { ...plain, verbose: true });
  expect(report).toContain('caused by: inner\ncaused by: innermost');
  expect(report).not.toContain('.ts:');
});

it('formatError() shows stacks to those who work on shale', () => {
  expect(formatError(failure, { ...plain, stacks: true })).toContain('report-error.test.ts:');
});

it('formatError() shows place and excerpt of a text', () => {
  const place = { file: 'Dockerfile', line: 2 };
  const error = new LocatedError(new UsageError('no'), place, ' 1 |     FROM x\n 2 | >>> RUNN make');
  expect(formatError(error, plain)).toBe('error: Dockerfile:2: no\n 1 |     FROM x\n 2 | >>> RUNN make');
});

it('formatError() owns up to a fault of shale', () => {
  expect(formatError(new TypeError('x is not a function'), plain)).toContain('This is a fault in shale itself');
});

it('exitCodeOf() tells usage, failure and signals apart', () => {
  const errors = [
    new UsageError('x'),
    failure,
    new TypeError('x'),
    new SignalReceivedError('SIGINT'),
    new SignalReceivedError('SIGTERM'),
  ];
  expect(errors.map(exitCodeOf)).toEqual([2, 1, 1, 130, 143]);
});

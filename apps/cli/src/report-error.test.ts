import { DigestInvalidError, type ProgressEvent } from '@shale/core';
import { DockerfileError } from '@shale/dockerfile-parser';
import { expect, it } from 'vitest';
import { exitCodeOf, SignalReceivedError } from './exit-code.ts';
import { FailureLocator } from './failure-locator.ts';
import { formatError } from './report-error.ts';
import { paletteOf } from './terminal/palette.ts';
import { UsageError } from './usage-error.ts';

const plain = { verbose: false, stacks: false, palette: paletteOf(false) };
const failure = new DigestInvalidError('Not a digest: "\u001b]0;x\u0007"', {
  hint: 'Write sha256:…',
  cause: new Error('inner', { cause: new Error('innermost') }),
});

it('formatError() shows message and hint, escaped, and never a stack', () => {
  expect(formatError(failure, plain)).toBe('error: Not a digest: "\\x1b]0;x\\x07"\nhint:  Write sha256:…');
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
  const source = { name: 'Dockerfile', text: 'FROM x\nRUNN make\n' };
  const error = new DockerfileError('unknown instruction: RUNN', { range: { startLine: 2, endLine: 2 } });
  expect(formatError(new FailureLocator(source).locate(error), plain)).toBe(
    'error: Dockerfile:2: unknown instruction: RUNN\n 1 |     FROM x\n 2 | >>> RUNN make\n 3 |',
  );
});

it('FailureLocator finds the lines of the step that failed', () => {
  const failure = new FailureLocator({ name: 'Dockerfile', text: 'FROM x\nRUN a\nRUN b\n' });
  const events: ProgressEvent[] = [];
  const listen = failure.watch((event) => events.push(event));
  const step = { id: '1', stage: 's', index: 2, total: 2, name: 'RUN b', place: { file: 'Dockerfile', line: 3 } };
  listen({ type: 'step.finished', step, outcome: 'failed', durationMs: 1 });
  expect(events).toHaveLength(1);
  expect(failure.locate(new UsageError('no'))).toMatchObject({
    code: 'USAGE_INVALID',
    place: { line: 3 },
    excerpt: expect.stringContaining(' 3 | >>> RUN b'),
  });
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

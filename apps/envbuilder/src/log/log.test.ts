import { expect, it } from 'vitest';
import { combinedLog, lineLog, type LogLevel, redactedLog } from './log.ts';
import { openStages } from './stages.ts';

function recorder() {
  const lines: string[] = [];
  return { lines, log: (level: LogLevel, text: string) => lines.push(`${level} ${text}`) };
}

it('lineLog() writes whole lines, and debug only when verbose', () => {
  const quiet: string[] = [];
  const loud: string[] = [];
  const log = combinedLog(
    lineLog((line) => quiet.push(line), { verbose: false }),
    lineLog((line) => loud.push(line), { verbose: true }),
  );
  log('info', 'a\nb');
  log('debug', 'c');
  expect(quiet).toEqual(['a\n', 'b\n']);
  expect(loud).toEqual(['a\n', 'b\n', 'c\n']);
});

it('redactedLog() takes secrets out, however they are spelled', () => {
  const { lines, log } = recorder();
  const clean = redactedLog(log, ['pass word', 'first line here\nsecond line here', undefined, '', 'abc']);
  clean('info', 'pass word and pass%20word; second line here; abc');
  expect(lines).toEqual(['info *** and ***; ***; abc']);
});

it('openStages() numbers what is done and says how long it took', () => {
  const { lines, log } = recorder();
  let time = 0;
  const stages = openStages(log, () => time);
  const done = stages.start('📦 Cloning x...');
  time = 1234;
  done('📦 Cloned repository!');
  stages.start('next')('done');
  expect(lines).toEqual([
    'info #1: 📦 Cloning x...',
    'info #1: 📦 Cloned repository! [1.2s]',
    'info #2: next',
    'info #2: done [0ms]',
  ]);
});

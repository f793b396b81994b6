import { expect, it } from 'vitest';
import { glyphsFor } from '../terminal/glyphs.ts';
import { paletteOf } from '../terminal/palette.ts';
import { BuildView } from './build-view.ts';
import { type RecordedEvent, recordedBuild, recordedOutcome } from './fixtures/recorded-build.ts';
import { drawFrame } from './frame.ts';
import { jsonRenderer } from './json.ts';
import { plainRenderer } from './plain.ts';
import { quietRenderer } from './quiet.ts';
import type { Renderer, RendererOutput } from './renderer.ts';
import { ttyRenderer } from './tty.ts';

const style = { palette: paletteOf(false), glyphs: glyphsFor({}) };

/** What a renderer writes when the recorded build is played to it. */
function play(open: (output: RendererOutput) => Renderer, { until = Number.POSITIVE_INFINITY } = {}): string {
  const clock = { now: 0 };
  let written = '';
  const write = (text: string) => {
    written += text;
  };
  using renderer = open({ write, now: () => clock.now });
  const events = recordedBuild.filter(({ at }) => at <= until);
  for (const { at, event } of events) {
    clock.now = at;
    renderer.onProgress(event);
  }
  if (events.length === recordedBuild.length) renderer.finish(recordedOutcome);
  return written;
}

function viewAt(time: number, events: readonly RecordedEvent[] = recordedBuild): BuildView {
  const clock = { now: 0 };
  const view = new BuildView(() => clock.now);
  for (const { at, event } of events.filter(({ at }) => at <= time)) {
    clock.now = at;
    view.add(event);
  }
  return view;
}

it('plainRenderer() writes complete lines with the numbers of their steps', async () => {
  const text = play((output) => plainRenderer({ ...output, palette: paletteOf(false) }));
  await expect(text).toMatchFileSnapshot('fixtures/plain.txt');
});

it('plainRenderer() keeps the colours of a step, and nothing else that steers a terminal', () => {
  const text = play((output) => plainRenderer({ ...output, palette: paletteOf(true) }));
  expect(text).toContain('\u001b[33mwarning:\u001b[0m unused variable oops\u001b[0m\n');
  expect(text.replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

it('jsonRenderer() writes one event a line', () => {
  const text = play((output) => jsonRenderer({ ...output, time: () => new Date(0) }));
  const events = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toHaveLength(recordedBuild.length + 1);
  expect(events.find(({ type }) => type === 'cache.degraded')).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    type: 'cache.degraded',
    backend: 'registry',
    error: { message: 'connect ECONNREFUSED \u001b[2J127.0.0.1:5000' },
  });
  expect(events.find(({ type }) => type === 'step.output')).toMatchObject({ data: 'cc -c main.c\ncc -c pa' });
  expect(events.at(-1)).toMatchObject({ type: 'build.finished', digest: recordedOutcome.digest });
  expect(text).not.toContain('\u001b');
});

it('quietRenderer() writes warnings only', async () => {
  const text = play((output) => quietRenderer({ ...output, ...style }));
  await expect(text).toMatchFileSnapshot('fixtures/quiet.txt');
});

it('ttyRenderer() leaves the finished steps and the summary in the scrollback', async () => {
  const text = play((output) => ttyRenderer({ ...output, ...style, size: () => ({ columns: 80, rows: 24 }) }));
  await expect(text.replaceAll('\u001b', '␛')).toMatchFileSnapshot('fixtures/tty.txt');
});

it('ttyRenderer() shows the last output of a step that fails', () => {
  const clock = { now: 0 };
  let written = '';
  const renderer = ttyRenderer({
    ...style,
    write: (text) => {
      written += text;
    },
    now: () => clock.now,
    size: () => ({ columns: 60, rows: 24 }),
  });
  const failing = recordedBuild.filter(({ at }) => at <= 700).map(({ event }) => event);
  for (const event of failing) renderer.onProgress(event);
  const started = failing.find((event) => event.type === 'step.output');
  if (started?.type !== 'step.output') throw new Error('the recording has no output');
  renderer.onProgress({ type: 'step.finished', step: started.step, outcome: 'failed', durationMs: 900 });
  renderer[Symbol.dispose]();
  expect(written).toContain('✘ build 3/4  RUN make -j2 all');
  expect(written).toContain('  │ cc -c parse.c');
  expect(written.endsWith('\u001b[?25h')).toBe(true);
});

it('drawFrame() shows running steps, their last output, transfers and progress', async () => {
  const frame = drawFrame(viewAt(1000), { ...style, columns: 90, rows: 24, now: 1100 });
  await expect(frame.join('\n')).toMatchFileSnapshot('fixtures/frame.txt');
});

it('drawFrame() fits narrow and low terminals', async () => {
  const frame = drawFrame(viewAt(1000), { ...style, columns: 40, rows: 5, now: 1100 });
  expect(frame.length).toBeLessThanOrEqual(4);
  await expect(frame.join('\n')).toMatchFileSnapshot('fixtures/frame-narrow.txt');
});

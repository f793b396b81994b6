import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WaitWatch, type WaitListener } from './wait-watch.ts';

const START = 1_000_000;
const waits: Parameters<WaitListener>[0][] = [];
const watch = new WaitWatch((wait) => void waits.push(wait));

beforeEach(() => {
  waits.length = 0;
  vi.useFakeTimers({ now: START });
});
afterEach(() => void vi.useRealTimers());

it('reports a wait after five seconds, once, with its end', () => {
  watch.begin('no answer', 30_000);
  vi.advanceTimersByTime(4999);
  expect(waits).toEqual([]);
  vi.advanceTimersByTime(20_000);
  expect(waits).toEqual([{ reason: 'no answer', untilMs: START + 30_000 }]);
});

it('reports no wait that ends before, or that cannot take so long', () => {
  watch.begin('no answer', 30_000);
  vi.advanceTimersByTime(4000);
  watch.end();
  watch.begin('no answer', 5000);
  vi.advanceTimersByTime(30_000);
  expect(waits).toEqual([]);
});

it('watches the waits for a source, and not those for its reader', async () => {
  const source = (async function* () {
    yield Buffer.from('a');
    await new Promise((resolve) => setTimeout(resolve, 6000));
    yield Buffer.from('b');
  })();
  const reader = watch.reading(source, 'it stopped sending', 30_000)[Symbol.asyncIterator]();
  await reader.next();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(waits).toEqual([]);
  const second = reader.next();
  await vi.advanceTimersByTimeAsync(6000);
  await second;
  expect(waits).toMatchObject([{ reason: 'it stopped sending' }]);
});

it('watches the waits for a reader, and not those for the source', async () => {
  const source = (async function* () {
    yield Buffer.from('a');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    yield Buffer.from('b');
  })();
  const reader = watch.writing(source, 'it accepts no more', 30_000)[Symbol.asyncIterator]();
  await reader.next();
  await vi.advanceTimersByTimeAsync(6000);
  expect(waits).toMatchObject([{ reason: 'it accepts no more' }]);
  const second = reader.next();
  await vi.advanceTimersByTimeAsync(60_000);
  await second;
  expect(waits).toHaveLength(1);
});

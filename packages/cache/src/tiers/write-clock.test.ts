import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WriteClock, WriteSilenceError } from './write-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const endless = () => new Promise<never>(() => {});
const MIB = 1024 * 1024;

it('WriteClock lets a silent write be as long as nobody waits for it', async () => {
  const clock = new WriteClock({ silenceMs: () => 1000 });
  const signals: AbortSignal[] = [];
  const writing = clock.watch(0, (signal) => {
    signals.push(signal);
    return endless();
  });
  writing.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(signals[0]?.aborted).toBe(false);
  clock.start();
  await vi.advanceTimersByTimeAsync(900);
  expect(signals[0]?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect(signals[0]?.reason).toBeInstanceOf(WriteSilenceError);
  await expect(writing).rejects.toThrow('a write made no progress for 1000 ms');
  clock.stop();
  expect(vi.getTimerCount()).toBe(0);
});

it('WriteClock counts from the last that moved, and gives large layers time to be taken in', async () => {
  const clock = new WriteClock({ silenceMs: () => 1000 });
  clock.start();
  const outcomes: string[] = [];
  const watch = (name: string, sizeBytes: number, write: Parameters<WriteClock['watch']>[1]) =>
    clock.watch(sizeBytes, write).catch(() => outcomes.push(name));
  void watch('large', 50 * MIB, endless);
  void watch('heard', 0, (_, heard) => {
    setInterval(heard, 500);
    return endless();
  });
  void watch('silent', 0, endless);
  await vi.advanceTimersByTimeAsync(5500);
  expect(outcomes).toEqual(['silent']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(outcomes).toEqual(['silent', 'large']);
  clock.stop();
});

import { expect, it } from 'vitest';
import { DEFAULT_RETRY, isRetriedStatus, parseRetryAfter, pause, retryDelay } from './retry.ts';

it.each([
  ['3', 3000],
  [' 0 ', 0],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:10 GMT', 9000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['880µs', undefined],
  ['-1', undefined],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('parseRetryAfter() reads %j', (value, expected) => {
  expect(parseRetryAfter(value, 1000)).toBe(expected);
});

it('retryDelay() doubles, is blurred and has a limit', () => {
  for (let failures = 1; failures < 5; failures += 1) {
    const delay = retryDelay(DEFAULT_RETRY, failures);
    expect(delay).toBeGreaterThanOrEqual(250 * 2 ** (failures - 1));
    expect(delay).toBeLessThanOrEqual(750 * 2 ** (failures - 1));
  }
  expect(retryDelay(DEFAULT_RETRY, 40)).toBe(DEFAULT_RETRY.maxDelayMs);
});

it('isRetriedStatus() is true for what passes, false for a refusal', () => {
  for (const status of [408, 429, 499, 500, 502, 503, 504, 522]) expect(isRetriedStatus(status)).toBe(true);
  for (const status of [200, 400, 401, 403, 404, 413, 501]) expect(isRetriedStatus(status)).toBe(false);
});

it('pause() rejects with the reason of its signal', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const paused = pause(60_000, controller.signal);
  controller.abort(reason);
  await expect(paused).rejects.toBe(reason);
});

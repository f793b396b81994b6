import { expect, it } from 'vitest';
import { ageMs } from './age.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');

it('ageMs() is the time since then', () => {
  expect(ageMs(NOW - 1000, NOW)).toBe(1000);
  expect(ageMs(NOW, NOW)).toBe(0);
});

it('ageMs() forgives clocks that are a little apart', () => {
  expect(ageMs(NOW + 60_000, NOW)).toBe(0);
});

it('ageMs() takes what is from the future for older than anything', () => {
  expect(ageMs(Date.parse('2099-01-01T00:00:00Z'), NOW)).toBe(Number.POSITIVE_INFINITY);
});

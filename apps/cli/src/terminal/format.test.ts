import { expect, it } from 'vitest';
import { countOf, formatBytes, formatDuration } from './format.ts';

it('formatBytes() uses decimal units and three digits', () => {
  expect([0, 999, 1000, 12_340, 999_499, 999_500, 123_456_789, 5e15].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '12.3 kB',
    '999 kB',
    '1.0 MB',
    '123 MB',
    '5000 TB',
  ]);
});

it('formatDuration() drops precision as times grow', () => {
  expect([0, 449, 12_340, 59_949, 59_950, 62_000, 3_600_000, 7_512_000].map(formatDuration)).toEqual([
    '0.0s',
    '0.4s',
    '12.3s',
    '59.9s',
    '1m 00s',
    '1m 02s',
    '1h 00m',
    '2h 05m',
  ]);
});

it('countOf() knows one from many', () => {
  expect([countOf(1, 'step'), countOf(2, 'step')]).toEqual(['1 step', '2 steps']);
});

import { expect, it } from 'vitest';
import { alignEnds, columnsOf, fitColumns, padColumns } from './width.ts';

it('columnsOf() counts wide characters twice and colours not at all', () => {
  expect(columnsOf('\u001b[31m日本\u001b[0m ok')).toBe(7);
});

it('fitColumns() cuts with an ellipsis and closes colours', () => {
  expect(fitColumns('abcdef', 6)).toBe('abcdef');
  expect(fitColumns('abcdef', 4)).toBe('abc…');
  expect(fitColumns('日本語', 4)).toBe('日…');
  expect(fitColumns('\u001b[31mabcdef', 4)).toBe('\u001b[31mabc…\u001b[0m');
  expect(fitColumns('abc', 0)).toBe('');
});

it('alignEnds() puts two texts at the ends of a line, and the left one gives way', () => {
  expect(alignEnds('left', 'right', 12)).toBe('left   right');
  expect(alignEnds('a long left text', 'right', 12)).toBe('a lon… right');
});

it('padColumns() fills or cuts to an exact width', () => {
  expect([padColumns('ab', 4), padColumns('abcdef', 4)]).toEqual(['ab  ', 'abc…']);
});

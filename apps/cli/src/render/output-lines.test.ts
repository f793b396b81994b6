import { expect, it } from 'vitest';
import { outputLines } from './output-lines.ts';

it('outputLines() joins what was cut, characters included', () => {
  const lines = outputLines();
  const bytes = new TextEncoder().encode('one\ntwö\nrest');
  const pushed = [...bytes].flatMap((byte) => lines.push(Uint8Array.of(byte)));
  expect(pushed).toEqual(['one', 'twö']);
  expect(lines.flush()).toEqual(['rest']);
  expect(lines.flush()).toEqual([]);
});

it('outputLines() bounds a line without an end', () => {
  const lines = outputLines();
  const pushed = lines.push(new Uint8Array(20_000).fill(120));
  expect(pushed.map(({ length }) => length)).toEqual([8192, 8192]);
});

import { expect, it } from 'vitest';
import { parseBoolean } from './parse-boolean.ts';

it.each([
  [true, ['1', 't', 'T', 'true', 'TRUE', 'True']],
  [false, ['0', 'f', 'F', 'false', 'FALSE', 'False']],
  [undefined, ['', 'yes', 'no', '2', ' true', 'truee']],
])('reads %s', (value, texts) => {
  for (const text of texts) expect(parseBoolean(text)).toBe(value);
});

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArchiveInvalidError } from '../errors.ts';
import { formatPax, formatPaxTime, parsePax, parsePaxInteger, parsePaxTime } from './pax-records.ts';

const key = fc.stringMatching(/^[A-Za-z.]{1,40}$/);

it('parsePax() reads back what formatPax() wrote, any bytes included', () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.uint8Array({ maxLength: 2000 })), (records) => {
      const wanted = new Map(Object.entries(records).map(([name, value]) => [name, Buffer.from(value)]));
      expect(parsePax(formatPax(wanted))).toEqual(wanted);
    }),
  );
});

it('formatPax() sorts its records and counts each length with its own digits', () => {
  const records = new Map([
    ['path', 'x'.repeat(91)],
    ['mtime', '1.5'],
  ]);
  expect(formatPax(records).toString()).toBe(`13 mtime=1.5\n101 path=${'x'.repeat(91)}\n`);
});

it('parsePaxTime() reads back what formatPaxTime() wrote', () => {
  const time = fc.tuple(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer({ min: 0, max: 999_999_999 }));
  fc.assert(
    fc.property(time, ([seconds, nanoseconds]) => {
      const read = parsePaxTime(Buffer.from(formatPaxTime(seconds, nanoseconds)));
      expect(read).toEqual({ seconds, nanoseconds });
    }),
  );
});

it.each([
  [1, 500_000_000, '1.5'],
  [0, 1, '0.000000001'],
  [-2, 500_000_000, '-1.5'],
  [-1, 999_999_999, '-0.000000001'],
  [-3, 0, '-3'],
])('formatPaxTime(%i, %i) is %s', (seconds, nanoseconds, expected) => {
  expect(formatPaxTime(seconds, nanoseconds)).toBe(expected);
});

it.each(['', 'path', 'x path=a\n', '5 a=b', '99 path=a\n', '3 =\n', '6 a=b\n ', '-9 path=a\n', '012345678 a=b\n'])(
  'parsePax() refuses %j',
  (payload) => {
    if (payload === '') expect(parsePax(Buffer.from(payload))).toEqual(new Map());
    else expect(() => parsePax(Buffer.from(payload))).toThrow(ArchiveInvalidError);
  },
);

it.each(['NaN', '1e18', '', '.5', '1.2.3', '99999999999999999999', '0x10'])('parsePaxTime() refuses %j', (text) => {
  expect(() => parsePaxTime(Buffer.from(text))).toThrow(ArchiveInvalidError);
});

it.each(['-1', '4294967296', '1.5', ' 1', '1 ', '0x1'])('parsePaxInteger() refuses %j as an id', (text) => {
  expect(() => parsePaxInteger(Buffer.from(text), 'uid', 2 ** 32 - 2)).toThrow(ArchiveInvalidError);
});

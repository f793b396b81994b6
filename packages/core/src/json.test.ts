import { expect, it } from 'vitest';
import {
  asArray,
  asBoolean,
  asInteger,
  asObject,
  asOptional,
  asSize,
  asString,
  asStringMap,
  parseJson,
} from './json.ts';

class Refused extends Error {}
const fail = (message: string) => new Refused(message);

it('parseJson() reads text and bytes, and says what is not JSON', () => {
  expect(parseJson('{"a":1}', 'x', fail)).toEqual({ a: 1 });
  expect(parseJson(Buffer.from('xx[1]').subarray(2), 'x', fail)).toEqual([1]);
  expect(() => parseJson('{', 'config', fail)).toThrow(/^config is not JSON/);
});

it.each([
  [asObject, null, 'p must be an object, not null'],
  [asObject, [], 'p must be an object, not an array'],
  [asArray, {}, 'p must be an array, not object'],
  [asString, 1, 'p must be a string, not number'],
  [asBoolean, 'true', 'p must be true or false, not string'],
  [asInteger, 1.5, 'p must be an integer, not number'],
  [asSize, -1, 'p must not be negative'],
  [asStringMap, { a: null }, 'p.a must be a string, not null'],
] as const)('%o refuses %j', (check, value, message) => {
  expect(() => check(value, 'p', fail)).toThrow(new Refused(message));
});

it('asStringMap() takes __proto__ for a name like any other', () => {
  const map = asStringMap(JSON.parse('{"__proto__":"x","a":"b"}'), 'p', fail);
  expect(Object.keys(map)).toEqual(['__proto__', 'a']);
  expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
});

it('asOptional() takes null for absent, as Go writes it', () => {
  expect(asOptional(null, () => 1)).toBeUndefined();
  expect(asOptional(undefined, () => 1)).toBeUndefined();
  expect(asOptional(0, () => 1)).toBe(1);
});

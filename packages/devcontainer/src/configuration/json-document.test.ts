import { describe, expect, it } from 'vitest';
import { parseJsonDocument } from './json-document.ts';

const parse = (text: string) => parseJsonDocument(text, 'devcontainer.json');

describe('parseJsonDocument()', () => {
  it('reads comments, trailing commas and a byte order mark', () => {
    expect(parse('\uFEFF// one\n{ "a": [1, 2,], /* two */ }').value).toEqual({ a: [1, 2] });
  });

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 'devcontainer.json:3:3: comma is expected here'],
    ['{ "a": }', 'devcontainer.json:1:8: value is expected here'],
    ['{ "a": "x\n" }', 'devcontainer.json:1:8: unexpected end of string'],
    ['{ "a": 1', 'devcontainer.json:1:9: close brace is expected here'],
    ['[1]', 'devcontainer.json:1:1: must be an object, not array'],
    ['', 'devcontainer.json:1:1: value is expected here'],
    ['{} x', 'devcontainer.json:1:4: invalid symbol'],
  ])('refuses %j with its place', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('shows the lines around what it refuses', () => {
    expect(() => parse('{\n  "a": 1,\n  "b" 2\n}')).toThrow(
      expect.objectContaining({ excerpt: expect.stringContaining('>>>   "b" 2') }),
    );
  });

  it('refuses what is too large or too deep to be written by people', () => {
    expect(() => parse(`{ "a": "${'x'.repeat(10 * 1024 * 1024)}" }`)).toThrow('has more than 1024 KiB');
    expect(() => parse(`{ "a": ${'['.repeat(100_000)}`)).toThrow('devcontainer.json:1:107: nests more than 100 levels');
  });

  it('reports keys that are there twice, and uses the last', () => {
    const document = parse('{ "a": 1,\n "b": { "c": 1, "c": 2 } }');
    expect(document.value).toEqual({ a: 1, b: { c: 2 } });
    expect(document.duplicates).toMatchObject([{ line: 2, message: 'b.c is there twice; the last one counts' }]);
  });

  it('takes __proto__ for a key like any other', () => {
    expect(Object.keys(parse('{ "__proto__": { "polluted": true } }').value)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('polluted');
  });
});

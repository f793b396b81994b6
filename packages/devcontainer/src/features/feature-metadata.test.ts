import { expect, it } from 'vitest';
import { parseFeatureMetadata } from './feature-metadata.ts';

const parse = (value: unknown) => parseFeatureMetadata(JSON.stringify(value), 'ghcr.io/x/y/z');

it('parseFeatureMetadata() keeps what it does not know, and moves older properties', () => {
  expect(parse({ id: 'z', future: 1, extensions: ['a'] })).toEqual({
    id: 'z',
    future: 1,
    customizations: { vscode: { extensions: ['a'] } },
  });
});

it.each([
  [{ id: '../etc' }, 'id must be letters, digits, "-", "_" and "."'],
  [{ version: 1 }, 'version must be a string'],
  [{ options: { a: { default: null } } }, 'options.a.default must be a string, a number, true or false'],
  [{ installsAfter: 'a' }, 'installsAfter must be an array of strings'],
  [{ onCreateCommand: 1 }, 'onCreateCommand must be a string'],
])('parseFeatureMetadata() refuses %j', (value, message) => {
  expect(() => parse(value)).toThrow(`devcontainer-feature.json of ghcr.io/x/y/z:1:`);
  expect(() => parse(value)).toThrow(message);
});

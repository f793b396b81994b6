import { expect, it } from 'vitest';
import { optionVariable, optionVariables } from './feature-options.ts';

it.each([
  ['version', 'VERSION'],
  ['installTools', 'INSTALLTOOLS'],
  ['my-opt.x y', 'MY_OPT_X_Y'],
  ['2fast', '_FAST'],
  ['__9_a', '_A'],
  ['ümlaut', '_MLAUT'],
  ['_', '_'],
])('optionVariable() makes %s to %s', (name, variable) => {
  expect(optionVariable(name)).toBe(variable);
});

const metadata = { options: { version: { default: 'lts' }, flag: { default: false }, bare: { type: 'string' } } };

it.each([
  [{}, { VERSION: 'lts', FLAG: 'false' }],
  ['20', { VERSION: '20', FLAG: 'false' }],
  [true, { VERSION: 'true', FLAG: 'false' }],
  [
    { flag: true, unknown: 'a b"$x' },
    { VERSION: 'lts', FLAG: 'true', UNKNOWN: 'a b"$x' },
  ],
])('optionVariables() fills in defaults for %j', (options, variables) => {
  expect(optionVariables(metadata, options)).toEqual(variables);
});

it('optionVariables() ignores a plain value where the feature has no version', () => {
  expect(optionVariables({ options: { a: { default: 'b' } } }, '1')).toEqual({ A: 'b' });
});

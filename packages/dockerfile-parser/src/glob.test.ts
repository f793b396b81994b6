import { expect, it } from 'vitest';
import { compileGlob, globMatch, hasWildcard, unescapePattern } from './glob.ts';

it.each([
  ['abc', 'abc', true],
  ['*', '', true],
  ['*', 'abc', true],
  ['*', 'a/b', false],
  ['**', 'a/b', false],
  ['*.go', 'main.go', true],
  ['a*c', 'ac', true],
  ['a*b*c', 'axbxbxc', true],
  ['a*b*c', 'axbxbx', false],
  ['*/*', 'a/b', true],
  ['*a/b*', 'xaa/bc', true],
  ['?', 'é', true],
  ['??', '😀', false],
  ['?', '/', false],
  ['[a-z]*', 'q1', true],
  ['[^a-z]', 'q', false],
  ['[^a]', '/', true],
  ['[a-ζ]', 'α', true],
  ['[\\-x]', '-', true],
  ['[\\[]', '[', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['', '', true],
  ['', 'a', false],
])('globMatch(%j, %j) is %s, as filepath.Match', (pattern, name, expected) => {
  expect(globMatch(pattern, name)).toBe(expected);
});

it.each(['[', '[]', '[]a]', '[a', '[a-', '[-a]', '[a-]', '\\', 'x[^'])('globMatch() refuses %j', (pattern) => {
  expect(() => compileGlob(pattern)).toThrow(/^syntax error in pattern/);
});

it('globMatch() is quick where backtracking explodes', () => {
  expect(globMatch(`${'a*'.repeat(40)}b`, 'a'.repeat(3000))).toBe(false);
});

it.each([
  ['a*', true],
  ['a?', true],
  ['[a]', true],
  ['\\[a\\]', false],
  ['\\\\*', true],
  ['plain', false],
])('hasWildcard(%j) is %s', (pattern, expected) => {
  expect(hasWildcard(pattern)).toBe(expected);
});

it('unescapePattern() gives the name that is meant', () => {
  expect(unescapePattern('\\[a\\]\\\\b')).toBe('[a]\\b');
});

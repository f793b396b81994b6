import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIgnoreFile } from './ignore-file.ts';
import { ignoreMatcher } from './ignore-matcher.ts';
import { compileIgnorePattern } from './ignore-pattern.ts';

it('parseIgnoreFile() cleans patterns, and knows comments at the first column only', () => {
  const text = '\uFEFF# comment\r\n #pattern\n\n  /a//b/./c/  \n!/keep/../me \n/\n.\n../x\n\\#y\n';
  expect(parseIgnoreFile(text)).toEqual(['#pattern', 'a/b/c', '!me', '/', '.', '../x', '\\#y']);
});

it.each(['!', 'a\n! \n'])('parseIgnoreFile() refuses %j', (text) => {
  expect(() => parseIgnoreFile(text)).toThrow('illegal exclusion pattern: "!"');
});

it.each([
  ['file', 'file', true],
  ['file', 'dir/file', false],
  ['dir', 'dir/sub/file', true],
  ['dir/', 'dir/file', true],
  ['*', 'any', true],
  ['*', 'dir/file', true],
  ['*.log', 'a.log', true],
  ['*.log', 'dir/a.log', false],
  ['*/*.log', 'dir/a.log', true],
  ['?', 'a', true],
  ['?', '😀', true],
  ['?x', '/x', false],
  ['**', 'a/b/c', true],
  ['**/*.log', 'a.log', true],
  ['**/*.log', 'a/b/c.log', true],
  ['**/node_modules', 'node_modules/x', true],
  ['**/node_modules', 'a/node_modules/x', true],
  ['**/node_modules', 'a/my_node_modules', false],
  ['**.log', 'a/b.log', true],
  ['a/**', 'a', false],
  ['a/**', 'a/b', true],
  ['a**', 'ab/c', true],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'ab', false],
  ['**/a/**/b/**/c', 'x/a/b/y/c', true],
  ['**/a/**/b/**/c', 'x/a/c', false],
  ['*a*b*c*', 'xaxbxcx', true],
  ['*a*b*c*', 'xaxb/c', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[\\]x]', ']', true],
  ['[!a]', '!', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\b', 'ab', true],
  ['.', 'a', false],
  ['a.c', 'abc', false],
  ['(a|b)+{2}$^', '(a|b)+{2}$^', true],
  ['x(a|b)+*', 'x(a|b)+y', true],
])('ignoreMatcher([%j]).ignores(%j) is %s', (pattern, path, expected) => {
  expect(ignoreMatcher([pattern]).ignores(path)).toBe(expected);
});

describe('several rules', () => {
  it.each([
    [['*', '!keep'], 'keep', false],
    [['*', '!keep'], 'keep/below', false],
    [['docs', '!docs/README.md'], 'docs/README.md', false],
    [['docs', '!docs/README.md'], 'docs/other.md', true],
    [['!keep', '*'], 'keep', true],
    [['**', '!a/b', 'a/b/c'], 'a/b/c/d', true],
    [['a', '!a', 'a/b'], 'a/b', true],
    [['a/*', '!**/*.md', '**/secret.md'], 'a/x.md', false],
    [['a/*', '!**/*.md', '**/secret.md'], 'a/secret.md', true],
    [[' padded ', '', '  !padded/not'], 'padded/not', false],
    [[], 'a', false],
    [['**'], '.', false],
  ])('ignoreMatcher(%j).ignores(%j) is %s: the last that matches wins', (patterns, path, expected) => {
    expect(ignoreMatcher(patterns).ignores(path)).toBe(expected);
  });

  it('ignores() answers the same whatever was asked before', () => {
    const patterns = ['a/b', '!a/b/c', 'a/b/c/d*'];
    const paths = ['a/b/c/d1', 'a', 'a/b/c', 'a/b', 'a/b/x', 'a/b/c/e'];
    const warm = ignoreMatcher(patterns);
    for (const order of [paths, paths.toReversed()])
      for (const path of order) expect(warm.ignores(path)).toBe(ignoreMatcher(patterns).ignores(path));
  });

  it.each([
    [['a', '!a/b/c'], 'a', true],
    [['a', '!a/b/c'], 'a/b', true],
    [['a', '!a/b/c'], 'a/x', false],
    [['a', '!a/b/c'], 'a/b/c/d', true],
    [['a', '!**/c'], 'a/x', true],
    [['a', '!b'], 'a', false],
    [['a', 'b'], 'a', false],
  ])('ignoreMatcher(%j).mayReinclude(%j) is %s', (patterns, directory, expected) => {
    expect(ignoreMatcher(patterns).mayReinclude(directory)).toBe(expected);
  });
});

it.each(['[', 'a[', '[]a]', '[^', '[a-]', '[-a]', '[a-b-c]', 'a\\', '!['])('ignoreMatcher() refuses %j', (pattern) => {
  expect(() => ignoreMatcher([pattern])).toThrow(/^syntax error in pattern/);
});

it('ignoreMatcher() refuses a lone !', () => {
  expect(() => ignoreMatcher(['!'])).toThrow('illegal exclusion pattern: "!"');
});

/** The regular expression that moby/patternmatcher makes of a pattern. */
function mobyExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|\*|\?/g, (wildcard: string, offset: number) => {
    if (!wildcard.startsWith('**')) return wildcard === '*' ? '[^/]*' : '[^/]';
    return offset + wildcard.length === pattern.length ? '.*' : '(.*/)?';
  });
  return new RegExp(`^${source}$`, 'su');
}

it('compileIgnorePattern() agrees with the expression of moby/patternmatcher', () => {
  const part = fc.constantFrom('a', 'b', '/', '*', '**', '**/', '?', '[a/]', '[^a]', '😀');
  const name = fc.array(fc.constantFrom('a', 'b', '/', '😀'), { maxLength: 9 }).map((parts) => parts.join(''));
  // moby treats `**` at the start and before plain text by itself
  const pattern = fc.array(part, { maxLength: 6 }).map((parts) => `?${parts.join('')}`);
  const property = fc.property(pattern, name, (text, path) => {
    expect(compileIgnorePattern(text)(path)).toBe(mobyExpression(text).test(path));
  });
  fc.assert(property, { numRuns: 5000, seed: 1 });
});

describe('bounds', () => {
  it('ignoreMatcher() takes a pattern of 1 MiB, and one that makes backtracking explode', () => {
    const size = 2 ** 20;
    for (const pattern of [
      'a'.repeat(size),
      '*a'.repeat(size / 2),
      '**/'.repeat(size / 3) + 'b',
      '['.padEnd(size, 'b') + ']*',
    ])
      expect(ignoreMatcher([pattern]).ignores(`${'a/'.repeat(50)}c`)).toBe(false);
    expect(ignoreMatcher([`${'*a'.repeat(30)}*b`]).ignores('a'.repeat(4000))).toBe(false);
    expect(ignoreMatcher([`${'**/a/'.repeat(30)}b`]).ignores('a/'.repeat(500))).toBe(false);
  });

  it('ignoreMatcher() answers for 30,000 files', () => {
    const { ignores } = ignoreMatcher([
      '**/node_modules',
      '*.log',
      '**/*.tmp',
      '!keep.log',
      'dist/**',
      '**/a/**/b/**/c*',
    ]);
    let ignored = 0;
    for (let index = 0; index < 30_000; index += 1) {
      if (ignores(`src/${index % 100}/${index % 7 === 0 ? 'node_modules' : 'lib'}/file-${index}.ts`)) ignored += 1;
    }
    expect(ignored).toBe(Math.ceil(30_000 / 7));
  });
});

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFixture } from './copy-fixture.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { plainTree } from '../tree/source-tree.ts';
import { resolveSources } from './sources.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const ignoring = (...rules: string[]): SourceTree => ({ ...plainTree(trees.from), ...ignoreMatcher(rules) });

function names(sources: readonly string[], tree: SourceTree = plainTree(trees.from)): string[] {
  return resolveSources(tree, sources, { parents: false }).map(({ name }) => name);
}

function hintFor(source: string, tree?: SourceTree): string | undefined {
  try {
    return names([source], tree)[0];
  } catch (error) {
    return (error as { hint?: string }).hint;
  }
}

describe('resolveSources()', () => {
  it('stays in the root, whatever a source says', () => {
    trees.write('f');
    expect(names(['../../f', '/f', './x/../f', '/../f'])).toEqual(['f', 'f', 'f', 'f']);
    expect(() => names(['../../etc/passwd'])).toThrow('failed to calculate checksum of ref: "/etc/passwd": not found');
    expect(() => names(['../canary'])).toThrow('"/canary": not found');
  });

  it('follows symlinks within the root, in any part', () => {
    trees.write('real/f');
    for (const [target, name] of [
      ['real', 'link'],
      ['/real', 'absolute'],
      ['../../../real', 'climbing'],
      [join(trees.scratch, 'canary'), 'escape'],
      ['/etc/shadow', 'shadow'],
      ['self', 'self'],
    ] as const)
      symlinkSync(target, join(trees.from, name));
    const found = resolveSources(plainTree(trees.from), ['link/f', 'absolute', 'climbing/f'], { parents: false });
    expect(found.map(({ name, path, isDirectory }) => [name, path, isDirectory])).toEqual([
      ['link/f', 'real/f', false],
      ['absolute', 'real', true],
      ['climbing/f', 'real/f', false],
    ]);
    for (const name of ['escape', 'shadow', 'self']) expect(() => names([name])).toThrow('not found');
  });

  it('matches patterns part by part, in the order of a walk', () => {
    for (const path of ['a/1.txt', 'a-b/1.txt', 'a/2.md', 'c/d/1.txt', '.hidden.txt']) trees.write(path);
    expect(names(['*/*.txt'])).toEqual(['a/1.txt', 'a-b/1.txt']);
    expect(names(['?/1.txt', 'c/*/1.*', '*.txt', '[^a]'])).toEqual(['a/1.txt', 'c/d/1.txt', '.hidden.txt', 'c']);
    expect(names(['**/1.txt'])).toEqual(['a/1.txt', 'a-b/1.txt']);
    expect(names(['none*', 'none*/x'])).toEqual([]);
  });

  it('takes the meaning of characters away with a backslash', () => {
    for (const path of ['x[1].txt', 'x1.txt', 'y*', 'yz']) trees.write(path);
    expect(names(['x\\[1\\].txt', 'x[1].txt', 'y\\*', 'x[[]1].txt'])).toEqual(['x[1].txt', 'x1.txt', 'y*', 'x[1].txt']);
  });

  it('does not find what is ignored, but for directories that hold something', () => {
    for (const path of ['secret', 'd/keep', 'd/drop', 'e/drop']) trees.write(path);
    mkdirSync(join(trees.from, 'empty'));
    const tree = ignoring('*', '!d/keep', '!empty/x');
    expect(names(['*', 'd'], tree)).toEqual(['d', 'd']);
    for (const path of ['secret', 'd/drop', 'e', 'empty']) expect(() => names([path], tree)).toThrow('not found');
  });

  it('says why something was not found', () => {
    trees.write('src/server.js');
    trees.write('src/secret.js');
    const tree = ignoring('src/secret.js');
    expect(hintFor('src/secret.js', tree)).toBe('The file exists, but .dockerignore excludes it.');
    expect(hintFor('src/sevrer.js', tree)).toBe('Did you mean src/server.js?');
    expect(hintFor('src/secert.js', tree)).toBeUndefined();
    expect(hintFor('quite/else')).toBeUndefined();
    expect(hintFor('src/server.js/below')).toBeUndefined();
  });

  it('splits what --parents keeps from what it does not', () => {
    trees.write('a/b/f');
    const split = (source: string) =>
      resolveSources(plainTree(trees.from), [source], { parents: true }).map(({ name, pattern }) => [name, pattern]);
    expect(split('a/b/f')).toEqual([['', 'a/b/f']]);
    expect(split('/a/./b/f')).toEqual([['a', 'b/f']]);
    expect(split('*/./b/*')).toEqual([['a', 'b/*']]);
    expect(split('./a/../a/./b')).toEqual([['a', 'b']]);
    expect(split('.')).toEqual([['', undefined]]);
  });
});

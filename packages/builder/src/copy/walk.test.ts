import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFixture } from './copy-fixture.ts';
import { plainTree } from '../tree/source-tree.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const from = (path: string) => join(trees.from, path);
const to = (path: string) => join(trees.to, path);

describe('copyIntoTree() with --parents', () => {
  it('keeps parents from /./ on, with their metadata', async () => {
    trees.write('a/b/c/f');
    chmodSync(from('a'), 0o700);
    chmodSync(from('a/b'), 0o710);
    await trees.copy(['a/b/c/f'], '/all/', { parents: true });
    await trees.copy(['a/./b/c'], '/some/', { parents: true });
    await trees.copy(['a/./b/./c'], '/first/', { parents: true });
    await trees.copy(['/a/b/c/.'], '/plain/', { parents: true });
    expect([trees.read('all/a/b/c/f'), trees.modeOf('all/a'), trees.modeOf('all/a/b')]).toEqual([
      'a/b/c/f',
      0o700,
      0o710,
    ]);
    expect([trees.read('some/b/c/f'), trees.modeOf('some/b')]).toEqual(['a/b/c/f', 0o710]);
    expect([trees.read('first/b/c/f'), trees.read('plain/a/b/c/f')]).toEqual(['a/b/c/f', 'a/b/c/f']);
  });

  it('takes only what patterns match, at any depth with **', async () => {
    for (const path of ['b/c/d/e/bay', 'b/c/d/foo', 'b2/c/d/e/bar', 'b2/x/y']) trees.write(path);
    await trees.copy(['b*/./c/**/e'], '/a/', { parents: true });
    await trees.copy(['./*/c/d/foo'], '/b/', { parents: true });
    await trees.copy(['**/y'], '/c/', { parents: true });
    await trees.copy(['**/none'], '/d/', { parents: true });
    const expected =
      'a a/c a/c/d a/c/d/e a/c/d/e/bar a/c/d/e/bay b b/b b/b/c b/b/c/d b/b/c/d/foo c c/b2 c/b2/x c/b2/x/y d';
    expect(trees.paths().join(' ')).toBe(expected);
  });

  it('leaves parents that are there to their owner', async () => {
    trees.write('home/app/f');
    chmodSync(from('home/app'), 0o750);
    mkdirSync(to('home/app'), { recursive: true });
    chownSync(to('home/app'), 1000, 1000);
    await trees.copy(['home/app/f'], '/', { parents: true });
    expect([trees.ownerOf('home/app'), trees.modeOf('home/app'), trees.ownerOf('home/app/f')]).toEqual([
      '1000:1000',
      0o750,
      '0:0',
    ]);
  });

  it('requires a plain name to be there', async () => {
    trees.write('a/f');
    await expect(trees.copy(['a/g'], '/', { parents: true })).rejects.toThrow('"/a/g": not found');
    await expect(trees.copy(['a/./g'], '/', { parents: true })).rejects.toThrow('"/a/g": not found');
  });
});

describe('copyIntoTree() leaves out', () => {
  it('what --exclude names, relative to a directory, and files named directly by their own name', async () => {
    for (const path of ['d/a.log', 'd/b.txt', 'd/sub/c.log', 'd/sub/e.txt', 'top.log', 'top.txt']) trees.write(path);
    await trees.copy(['d'], '/flat', { exclude: ['*.log'] });
    await trees.copy(['d'], '/deep', { exclude: ['**/*.log', 'sub/e*'] });
    await trees.copy(['top.*'], '/top/', { exclude: ['*.log'] });
    const copied = (directory: string) => trees.paths().filter((path) => path.startsWith(`${directory}/`));
    expect(copied('flat')).toEqual(['flat/b.txt', 'flat/sub', 'flat/sub/c.log', 'flat/sub/e.txt']);
    expect(copied('deep')).toEqual(['deep/b.txt', 'deep/sub']);
    expect(copied('top')).toEqual(['top/top.txt']);
  });

  it('an excluded directory but for what ! takes in again, with one visit to each parent', async () => {
    for (const path of ['d/x/keep/1', 'd/x/keep/2', 'd/x/drop/3', 'd/y/4']) trees.write(path);
    await trees.copy(['d'], '/d', { exclude: ['*', '!x/keep'] });
    expect(trees.paths()).toEqual(['d', 'd/x', 'd/x/keep', 'd/x/keep/1', 'd/x/keep/2']);
  });

  it('what the ignore file names, but for what ! takes in again', async () => {
    for (const path of ['d/b.txt', 'd/keep/c.log', 'd/keep/d.log', 'd/drop/x']) trees.write(path);
    const tree = { ...plainTree(trees.from), ...ignoreMatcher(['d/*', '!d/keep/c.log']) };
    await trees.copy(['d'], '/d', { tree });
    expect(trees.paths()).toEqual(['d', 'd/keep', 'd/keep/c.log']);
  });

  it('ignored files too where a symlink leads to them or to their directory', async () => {
    trees.write('d/secret');
    trees.write('d/open');
    symlinkSync('d', from('link'));
    symlinkSync('d/secret', from('file'));
    const tree = { ...plainTree(trees.from), ...ignoreMatcher(['d/secret']) };
    await trees.copy(['link'], '/d', { tree });
    expect(trees.paths()).toEqual(['d', 'd/open']);
    await expect(trees.copy(['file'], '/f', { tree })).rejects.toThrow('"/file": not found');
  });
});

import { linkSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFixture } from './copy-fixture.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const from = (path: string) => join(trees.from, path);
const to = (path: string) => join(trees.to, path);

describe('copyIntoTree() places', () => {
  it('a file under its new name, or in a directory that is named as one or is one', async () => {
    trees.write('a');
    await trees.copy(['a'], '/b');
    await trees.copy(['a'], '/c/');
    mkdirSync(to('d'));
    await trees.copy(['a'], '/d');
    expect([trees.read('b'), trees.read('c/a'), trees.read('d/a')]).toEqual(['a', 'a', 'a']);
  });

  it('what is in a directory, not the directory, whether written dir, dir/ or dir/.', async () => {
    trees.write('dir/x/y', 'y');
    for (const source of ['dir', 'dir/', 'dir/.', '/dir', './dir']) {
      await trees.copy([source], `/${encodeURIComponent(source)}`);
      expect(trees.read(`${encodeURIComponent(source)}/x/y`)).toBe('y');
    }
  });

  it('several sources, of which later ones overwrite', async () => {
    trees.write('1/f', 'first');
    trees.write('2/f', 'second');
    await trees.copy(['1', '2'], '/d');
    await trees.copy(['1/f', '2/f'], '/name');
    expect([trees.read('d/f'), trees.read('name')]).toEqual(['second', 'second']);
  });

  it('the same again without a complaint', async () => {
    trees.write('d/f');
    await trees.copy(['d', 'd/f'], '/d');
    await trees.copy(['d', 'd/f'], '/d');
    expect(trees.paths()).toEqual(['d', 'd/f']);
  });

  it('nothing where a pattern matches nothing: not even the destination', async () => {
    await trees.copy(['*.none'], '/d/');
    expect(trees.paths()).toEqual([]);
  });

  it('a file that is named through a symlink under the name of the symlink', async () => {
    trees.write('real', 'content');
    symlinkSync('real', from('link'));
    await trees.copy(['link'], '/d/');
    expect([trees.paths(), trees.read('d/link')]).toEqual([['d', 'd/link'], 'content']);
  });
});

describe('copyIntoTree() at its destination', () => {
  it('follows symlinks within the tree, the last one too', async () => {
    trees.write('f');
    symlinkSync('/', to('root'));
    symlinkSync('../../../..', to('up'));
    symlinkSync(trees.scratch, to('out'));
    mkdirSync(to('real'));
    symlinkSync('real', to('directory'));
    trees.prepare('real/file', 'old');
    symlinkSync('/real/file', to('file'));
    await trees.copy(['f'], '/root/a/');
    await trees.copy(['f'], '/up/b/');
    await trees.copy(['f'], '/out/canary');
    await trees.copy(['f'], '/directory');
    await trees.copy(['f'], '/file');
    expect([trees.read('a/f'), trees.read('b/f'), trees.read('real/f'), trees.read('real/file')]).toEqual(
      Array(4).fill('f'),
    );
    expect(trees.isCanaryUntouched()).toBe(true);
  });

  it('makes what a dangling symlink points at', async () => {
    trees.write('f');
    trees.write('d/g');
    symlinkSync('/deep/down/file', to('file'));
    symlinkSync('other', to('directory'));
    await trees.copy(['f'], '/file');
    await trees.copy(['d'], '/directory');
    expect([trees.read('deep/down/file'), trees.read('other/g')]).toEqual(['f', 'd/g']);
    expect([readlinkSync(to('file')), readlinkSync(to('directory'))]).toEqual(['/deep/down/file', 'other']);
  });

  it('gives up on a loop of symlinks', async () => {
    trees.write('f');
    symlinkSync('loop', to('loop'));
    await expect(trees.copy(['f'], '/loop')).rejects.toThrow('symlinks');
  });

  it('replaces a symlink below it, and a file that has other names', async () => {
    trees.write('d/f', 'new');
    trees.write('d/g', 'new');
    mkdirSync(to('d'));
    symlinkSync('/elsewhere', to('d/f'));
    linkSync(trees.prepare('other', 'old'), to('d/g'));
    await trees.copy(['d'], '/d');
    expect([trees.read('d/f'), trees.has('elsewhere'), trees.read('other')]).toEqual(['new', false, 'old']);
  });

  it.each([
    ['a directory onto a file', 'd', '/file', 'cannot copy to non-directory: /file'],
    ['a directory onto a nested file', 'd', '/h', 'cannot copy to non-directory: /h/sub'],
    ['a directory onto a nested symlink', 'd', '/s', 'cannot copy to non-directory: /s/sub'],
    ['a file onto a nested directory', 'd', '/i', 'cannot replace to directory /i/f with file'],
    ['a file below a file', 'd/f', '/file/x', 'cannot create directory /file: /file is not a directory'],
    ['a file into a file', 'd/f', '/file/', 'cannot create directory /file/: /file is not a directory'],
  ])('refuses to put %s', async (_case, source, destination, message) => {
    trees.write('d/f');
    trees.write('d/sub/g');
    trees.prepare('file');
    trees.prepare('h/sub');
    mkdirSync(to('s'));
    symlinkSync('/i', to('s/sub'));
    mkdirSync(to('i/f'), { recursive: true });
    await expect(trees.copy([source], destination)).rejects.toMatchObject({ code: 'STEP_FAILED', message });
  });
});

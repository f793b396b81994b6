import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawTar, rawTarEntry } from '@shale/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isArchiveFile, unpackArchive } from './archive.ts';
import { CopyFixture } from './copy-fixture.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const archive = rawTar(
  rawTarEntry({ name: 'd/', type: '5', mode: 0o711, uid: 3, gid: 4, mtime: 1000 }),
  rawTarEntry({ name: 'd/f', mode: 0o4750, uid: 5, gid: 6, mtime: 2000 }, 'content'),
  rawTarEntry({ name: 'without/parent' }, 'x'),
);

const compress = (program: string, input: Uint8Array) =>
  execFileSync(program, ['-c'], { input, stdio: ['pipe', 'pipe', 'ignore'] });

function write(content: Uint8Array | string): string {
  const path = join(trees.from, 'file.dat');
  writeFileSync(path, content);
  return path;
}

describe('isArchiveFile()', () => {
  it('is true for a tar, plain or compressed', async () => {
    expect(await isArchiveFile(write(archive))).toBe(true);
    expect(await isArchiveFile(write(compress('xz', archive)))).toBe(true);
    expect(await isArchiveFile(write('text'))).toBe(false);
  });

  it('is false for directories and fifos', async () => {
    execFileSync('mkfifo', [join(trees.from, 'fifo')]);
    expect([await isArchiveFile(trees.from), await isArchiveFile(join(trees.from, 'fifo'))]).toEqual([false, false]);
  });
});

describe('unpackArchive()', () => {
  const unpack = (content: Uint8Array, destination: string, owner?: { uid: number; gid: number }) =>
    unpackArchive(write(content), trees.to, destination, { owner });

  it('unpacks into the destination as a directory, with the metadata of the archive', async () => {
    await unpack(compress('xz', archive), '/new/deep');
    expect([trees.read('new/deep/d/f'), trees.read('new/deep/without/parent')]).toEqual(['content', 'x']);
    const [directory, file] = ['new/deep/d', 'new/deep/d/f'].map((path) => lstatSync(join(trees.to, path)));
    expect([directory?.mtimeMs, file?.mtimeMs, trees.modeOf('new/deep/d/f')]).toEqual([1_000_000, 2_000_000, 0o4750]);
    expect([trees.ownerOf('new/deep'), trees.ownerOf('new/deep/d'), trees.ownerOf('new/deep/d/f')]).toEqual([
      '0:0',
      '3:4',
      '5:6',
    ]);
  });

  it('gives everything the owner of --chown', async () => {
    await unpack(archive, '/new', { uid: 9, gid: 8 });
    expect(['new', 'new/d', 'new/d/f'].map((path) => trees.ownerOf(path))).toEqual(Array(3).fill('9:8'));
  });

  it('follows a symlink at the destination, and lands below what is there', async () => {
    mkdirSync(join(trees.to, 'real/d'), { recursive: true });
    trees.prepare('real/d/kept');
    symlinkSync('/real', join(trees.to, 'link'));
    await unpack(archive, '/link');
    expect([trees.read('real/d/f'), trees.read('real/d/kept')]).toEqual(['content', 'real/d/kept']);
    await expect(unpack(archive, '/real/d/kept')).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });

  it('stays in the destination, whatever the archive says', async () => {
    await expect(unpack(rawTar(rawTarEntry({ name: '../../canary' }, 'x')), '/d')).rejects.toMatchObject({
      code: 'ARCHIVE_ESCAPE',
    });
    const through = rawTar(
      rawTarEntry({ name: 'out', type: '2', linkName: trees.scratch }),
      rawTarEntry({ name: 'out/canary' }, 'x'),
    );
    await unpack(through, '/e');
    expect(readlinkSync(join(trees.to, 'e/out'))).toBe(trees.scratch);
    expect(trees.isCanaryUntouched()).toBe(true);
    expect(readFileSync(join(trees.to, 'e', trees.scratch, 'canary'), 'utf8')).toBe('x');
  });
});

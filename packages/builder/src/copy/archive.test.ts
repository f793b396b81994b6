import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawTar, rawTarEntry, TAR_END } from '@shale/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isArchive, unpackArchive } from './archive.ts';
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

describe('isArchive()', () => {
  it.each(['gzip', 'bzip2', 'xz', 'zstd'])('knows a tar in %s by its content', async (program) => {
    expect(await isArchive(write(compress(program, archive)))).toBe(true);
    expect(await isArchive(write(compress(program, Buffer.from('no archive at all, only text'))))).toBe(false);
    expect(await isArchive(write(compress(program, archive).subarray(0, 12)))).toBe(false);
  });

  it('knows a plain tar, of old tools too', async () => {
    expect(await isArchive(write(archive))).toBe(true);
    expect(await isArchive(write(rawTar(rawTarEntry({ name: 'old', magic: '' }, 'x'))))).toBe(true);
    const signed = rawTarEntry({ name: 'n\u00fc', checksum: signedChecksum('n\u00fc') }, 'x');
    expect(await isArchive(write(rawTar(signed)))).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['text', 'x'.repeat(2000)],
    ['an empty archive', TAR_END],
    ['a header with a wrong checksum', rawTarEntry({ name: 'f', checksum: 1 })],
    ['an archive with something before it', Buffer.concat([Buffer.from('#!'), archive])],
  ])('takes %s for a file', async (_case, content) => {
    expect(await isArchive(write(content))).toBe(false);
  });

  it('takes directories and fifos for what they are', async () => {
    execFileSync('mkfifo', [join(trees.from, 'fifo')]);
    expect([await isArchive(trees.from), await isArchive(join(trees.from, 'fifo'))]).toEqual([false, false]);
  });
});

function signedChecksum(name: string): string {
  const header = rawTarEntry({ name, checksum: '        ' }, 'x').subarray(0, 512);
  const sum = [...new Int8Array(header)].reduce((total, byte) => total + byte, 0);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

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

  it('stays in the destination, whatever the archive says (S89)', async () => {
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

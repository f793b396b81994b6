import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileSystemCalls } from '@shale/core';
import { ignoreMatcher } from '@shale/dockerfile-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFixture } from './copy-fixture.ts';
import { attributesOf } from './fingerprint.ts';
import { plainTree } from './source-tree.ts';

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
  it('follows symlinks within the tree, the last one too (S89)', async () => {
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

describe('copyIntoTree() gives metadata', () => {
  it('of the source to what it copies, but 0755 to what it makes and nothing to what is there', async () => {
    trees.write('dir/x/y', 'y', 0o600);
    chmodSync(from('dir'), 0o700);
    chmodSync(from('dir/x'), 0o711);
    mkdirSync(to('there'), { mode: 0o710 });
    chownSync(to('there'), 7, 8);
    await trees.copy(['dir'], '/new/deep');
    await trees.copy(['dir'], '/there');
    const modes = ['new', 'new/deep', 'new/deep/x', 'new/deep/x/y', 'there', 'there/x'].map((path) =>
      trees.modeOf(path),
    );
    expect(modes).toEqual([0o755, 0o755, 0o711, 0o600, 0o710, 0o711]);
    expect([trees.ownerOf('there'), trees.ownerOf('there/x')]).toEqual(['7:8', '0:0']);
  });

  it('of the source to directories below the destination that are there already', async () => {
    mkdirSync(from('d/sub'), { recursive: true });
    chmodSync(from('d/sub'), 0o1777);
    mkdirSync(to('d/sub'), { recursive: true, mode: 0o700 });
    chownSync(to('d/sub'), 7, 8);
    await trees.copy(['d'], '/d');
    expect([trees.modeOf('d/sub'), trees.ownerOf('d/sub')]).toEqual([0o1777, '0:0']);
  });

  it('with owners of root for a context, of the source for a stage, of --chown for all', async () => {
    chownSync(trees.write('d/f'), 1000, 1001);
    symlinkSync('f', from('d/link'));
    await trees.copy(['d'], '/context');
    await trees.copy(['d'], '/stage', { owner: undefined });
    await trees.copy(['d'], '/given/deep', { owner: { uid: 5, gid: 6 } });
    const owners = ['context/f', 'stage', 'stage/f', 'given', 'given/deep', 'given/deep/f', 'given/deep/link'];
    expect(owners.map((path) => trees.ownerOf(path))).toEqual([
      '0:0',
      '0:0',
      '1000:1001',
      ...Array<string>(4).fill('5:6'),
    ]);
  });

  it('with the right group in a directory that gives its own', async () => {
    trees.write('d/sub/f');
    symlinkSync('f', from('d/sub/link'));
    mkdirSync(to('shared'));
    chownSync(to('shared'), 0, 50);
    chmodSync(to('shared'), 0o2775);
    await trees.copy(['d'], '/shared');
    await trees.copy(['d/sub/f'], '/shared/');
    for (const path of ['shared/sub', 'shared/sub/f', 'shared/sub/link', 'shared/f'])
      expect([path, trees.ownerOf(path)]).toEqual([path, '0:0']);
    expect(trees.modeOf('shared/sub')).toBe(0o755);
  });

  it('with setuid, setgid and sticky bits, whoever the owner is', async () => {
    trees.write('d/setuid', 'x', 0o4755);
    mkdirSync(from('d/drop'));
    chmodSync(from('d/drop'), 0o3777);
    await trees.copy(['d'], '/d', { owner: { uid: 1, gid: 1 } });
    expect([trees.modeOf('d/setuid'), trees.modeOf('d/drop')]).toEqual([0o4755, 0o3777]);
  });

  it('with modes that no umask changes and that would forbid the copying', async () => {
    trees.write('d/locked/f', 'x', 0o666);
    chmodSync(from('d/locked'), 0o500);
    const before = process.umask(0o077);
    try {
      await trees.copy(['d'], '/new/d');
    } finally {
      process.umask(before);
    }
    const modes = ['new', 'new/d', 'new/d/locked', 'new/d/locked/f'].map((path) => trees.modeOf(path));
    expect(modes).toEqual([0o755, 0o755, 0o500, 0o666]);
  });

  it('with times to the nanosecond: of files, symlinks, nested directories, and of the directory itself', async () => {
    trees.write('d/sub/f');
    symlinkSync('f', from('d/sub/link'));
    fileSystemCalls().setTimes(from('d/sub/f'), 1_000_000_000, 123_456_789);
    lutimesSync(from('d/sub/link'), 1_000_000_001, 1_000_000_001);
    utimesSync(from('d/sub'), 1_000_000_002, 1_000_000_002);
    utimesSync(from('d'), 5, 5);
    mkdirSync(to('there'));
    await trees.copy(['d'], '/there');
    const times = ['there/sub/f', 'there/sub/link', 'there/sub', 'there'].map(
      (path) => lstatSync(to(path), { bigint: true }).mtimeNs,
    );
    expect(times).toEqual([
      1_000_000_000_123_456_789n,
      1_000_000_001_000_000_000n,
      1_000_000_002_000_000_000n,
      5_000_000_000n,
    ]);
  });

  it('with attributes, and capabilities that a change of owner would take away', async () => {
    const file = trees.write('d/ping', 'x', 0o755);
    execFileSync('setcap', ['cap_net_raw+ep', file]);
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', from('d')]);
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', file]);
    execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', file]);
    mkdirSync(from('d/sub'));
    execFileSync('setfattr', ['-n', 'user.sub', '-v', 'kept', from('d/sub')]);
    await trees.copy(['d'], '/d', { owner: { uid: 9, gid: 9 } });
    expect(attributesOf(to('d/ping'))).toMatch(/^security\.capability=[^,]+,user\.note=a2VwdA==$/);
    expect([attributesOf(to('d/sub')), attributesOf(to('d'))]).toEqual(['user.sub=a2VwdA==', '']);
  });

  it('by --chmod: an octal mode to all, made directories included', async () => {
    trees.write('d/sub/run', 'x', 0o644);
    symlinkSync('run', from('d/sub/link'));
    await trees.copy(['d'], '/octal/deep', { chmod: '751' });
    await trees.copy(['d/sub/run'], '/special/', { chmod: '4711' });
    const modes = ['octal', 'octal/deep', 'octal/deep/sub', 'octal/deep/sub/run', 'special', 'special/run'];
    expect(modes.map((path) => trees.modeOf(path))).toEqual([0o751, 0o751, 0o751, 0o751, 0o711, 0o4711]);
  });

  it('by --chmod: a symbolic change to what is copied', async () => {
    trees.write('d/sub/run', 'x', 0o640);
    await trees.copy(['d'], '/new/deep', { chmod: 'go-w,a+rX' });
    const modes = ['new', 'new/deep', 'new/deep/sub', 'new/deep/sub/run'].map((path) => trees.modeOf(path));
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o644]);
  });
});

describe('copyIntoTree() copies', () => {
  it('hard links as such, within one source', async () => {
    linkSync(trees.write('d/a', 'a', 0o600), from('d/b'));
    linkSync(from('d/a'), from('outside'));
    await trees.copy(['d', 'outside'], '/d/');
    const inodes = ['d/a', 'd/b', 'd/outside'].map((path) => lstatSync(to(path)).ino);
    expect(new Set(inodes).size).toBe(2);
    expect([inodes[0] === inodes[1], trees.modeOf('d/b')]).toEqual([true, 0o600]);
  });

  it('symlinks inside a directory as they are, wherever they lead', async () => {
    mkdirSync(from('d'));
    for (const target of ['/etc/passwd', '../../../canary', 'gone']) symlinkSync(target, from(`d/${target.length}`));
    await trees.copy(['d'], '/d');
    expect([readlinkSync(to('d/11')), readlinkSync(to('d/15')), readlinkSync(to('d/4'))]).toEqual([
      '/etc/passwd',
      '../../../canary',
      'gone',
    ]);
  });

  it('fifos and devices as they are, sockets as empty files', async () => {
    mkdirSync(from('d'));
    execFileSync('mkfifo', ['-m', '640', from('d/fifo')]);
    execFileSync('mknod', ['-m', '621', from('d/null'), 'c', '1', '3']);
    const server = createServer().listen(from('d/socket'));
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      await trees.copy(['d'], '/d');
    } finally {
      server.close();
    }
    const [fifo, device, socket] = ['fifo', 'null', 'socket'].map((name) => lstatSync(to(`d/${name}`)));
    expect([fifo?.isFIFO(), trees.modeOf('d/fifo')]).toEqual([true, 0o640]);
    expect([device?.isCharacterDevice(), device?.rdev, trees.modeOf('d/null')]).toEqual([true, 0x103, 0o621]);
    expect([socket?.isFile(), socket?.size]).toEqual([true, 0]);
  });

  it('files of every size around those of its buffer', async () => {
    const sizes = [0, 1, 262_143, 262_144, 262_145, 3_000_001, 16_777_217];
    for (const size of sizes) writeFileSync(from(`f${size}`), Buffer.alloc(size, `${size}`));
    for (const size of sizes.slice(-2)) chmodSync(from(`f${size}`), 0o4750);
    mkdirSync(to('d'));
    trees.prepare('d/f16777217', 'old');
    await trees.copy(['.'], '/d', { owner: { uid: 3, gid: 4 } });
    for (const size of sizes) expect(readFileSync(to(`d/f${size}`)).equals(readFileSync(from(`f${size}`)))).toBe(true);
    for (const name of ['d/f3000001', 'd/f16777217'])
      expect([trees.modeOf(name), trees.ownerOf(name)]).toEqual([0o4750, '3:4']);
  });

  it('many files without keeping others waiting, until it is told to stop', async () => {
    mkdirSync(from('d'));
    for (let index = 0; index < 3000; index += 1) writeFileSync(from(`d/${index}`), '');
    const controller = new AbortController();
    const copying = trees.copy(['d', 'd', 'd', 'd'], '/d', { signal: controller.signal });
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(copying).rejects.toThrow('enough');
  });

  it('names that are not UTF-8', async () => {
    mkdirSync(from('d'));
    writeFileSync(Buffer.concat([Buffer.from(from('d/x')), Buffer.of(0xff)]), 'bytes');
    await trees.copy(['d'], '/d');
    await trees.copy(['d/x*'], '/e/');
    for (const directory of ['d', 'e'])
      expect(readFileSync(Buffer.concat([Buffer.from(to(`${directory}/x`)), Buffer.of(0xff)]), 'utf8')).toBe('bytes');
  });
});

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

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
import { fileSystemCalls } from '@shale/core/archive';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFixture } from './copy-fixture.ts';
import { attributesOf } from '../tree/attributes.ts';

let trees: CopyFixture;
beforeEach(() => {
  trees = new CopyFixture();
});
afterEach(() => trees[Symbol.dispose]());

const from = (path: string) => join(trees.from, path);
const to = (path: string) => join(trees.to, path);

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

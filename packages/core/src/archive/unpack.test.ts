import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inChunks, makeArchive, type MadeEntry } from '@shale/testing';
import type { ScratchDirectory } from '../files/scratch-directory.ts';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { hostPath, readNames } from './path-bytes.ts';
import { unpackTar } from './unpack.ts';
import type { UnpackOptions } from './unpack-options.ts';

const isRoot = process.getuid?.() === 0;

async function unpack(
  scratch: ScratchDirectory,
  entries: readonly MadeEntry[],
  options: UnpackOptions = { whiteouts: 'apply' },
): Promise<string> {
  await unpackTar(inChunks(await makeArchive(entries), 1000), scratch.path, options);
  return scratch.path;
}

/** Relative paths of all that is in a tree, sorted. */
function list(root: string, below = ''): string[] {
  return readNames(join(root, below))
    .toSorted()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      const isDirectory = lstatSync(hostPath(join(root, path))).isDirectory();
      return isDirectory ? [`${path}/`, ...list(root, path)] : [path];
    });
}

it('unpackTar() keeps content, modes, links and times to the nanosecond', async () => {
  await using scratch = await openScratchDirectory();
  const root = await unpack(scratch, [
    { path: 'd/', mode: 0o3775, mtimeSeconds: 1000, mtimeNanoseconds: 1 },
    {
      path: 'd/file',
      mode: 0o4666,
      content: 'x'.repeat(5000),
      mtimeSeconds: 1_700_000_000,
      mtimeNanoseconds: 123_456_789,
    },
    { path: 'd/readonly/', mode: 0o500, mtimeSeconds: 7 },
    { path: 'd/readonly/inner', mode: 0, content: 'y' },
    {
      path: 'd/link',
      type: 'symlink',
      linkPath: '/absolute/../target',
      mode: 0o777,
      mtimeSeconds: 5,
      mtimeNanoseconds: 9,
    },
    { path: 'hard', type: 'hardlink', linkPath: 'd/file' },
    { path: 'caf\udce9', content: 'bytes' },
    { path: 'pipe', type: 'fifo', mode: 0o622, mtimeSeconds: 3 },
    { path: 'old', content: '', mtimeSeconds: -2, mtimeNanoseconds: 500_000_000 },
  ]);
  const stat = (path: string) => lstatSync(hostPath(join(root, path)), { bigint: true });
  expect(readFileSync(join(root, 'd/file'), 'utf8')).toBe('x'.repeat(5000));
  expect(Number(stat('d/file').mode) & 0o7777).toBe(0o4666);
  expect(stat('d/file').mtimeNs).toBe(1_700_000_000_123_456_789n);
  expect(Number(stat('d').mode) & 0o7777).toBe(0o3775);
  expect(stat('d').mtimeNs).toBe(1_000_000_000_001n);
  expect(Number(stat('d/readonly').mode) & 0o7777).toBe(0o500);
  expect(stat('d/readonly').mtimeNs).toBe(7_000_000_000n);
  expect(readlinkSync(join(root, 'd/link'))).toBe('/absolute/../target');
  expect(stat('d/link').mtimeNs).toBe(5_000_000_009n);
  expect(stat('hard').ino).toBe(stat('d/file').ino);
  expect(readFileSync(hostPath(join(root, 'caf\udce9')), 'utf8')).toBe('bytes');
  expect(stat('pipe').isFIFO()).toBe(true);
  expect(Number(stat('pipe').mode) & 0o7777).toBe(0o622);
  expect(stat('old').mtimeNs).toBe(-1_500_000_000n);
  chmodSync(join(root, 'd/readonly'), 0o700); // so that any user can clean up
});

it.runIf(isRoot)('unpackTar() gives every entry its owner, of any size, or the one that is asked for', async () => {
  const entries: MadeEntry[] = [
    { path: 'd/', uid: 2 ** 31, gid: 7, mode: 0o2755 },
    { path: 'd/file', uid: 0, gid: 0, mode: 0o2755, content: 'x' },
    { path: 'd/other', uid: 5, gid: 2 ** 32 - 2, mode: 0o6755, content: 'x' },
    { path: 'd/link', type: 'symlink', linkPath: 'x', uid: 5, gid: 6 },
  ];
  const owners = (root: string) =>
    entries.map(({ path }) => {
      const { uid, gid, mode } = lstatSync(join(root, path));
      return [uid, gid, mode & 0o7777];
    });
  await using own = await openScratchDirectory();
  expect(owners(await unpack(own, entries))).toEqual([
    [2 ** 31, 7, 0o2755],
    [0, 0, 0o2755],
    [5, 2 ** 32 - 2, 0o6755],
    [5, 6, 0o777],
  ]);
  await using given = await openScratchDirectory();
  const root = await unpack(given, entries, { whiteouts: 'plain', owner: { uid: 1, gid: 2 } });
  expect(owners(root).map(([uid, gid]) => [uid, gid])).toEqual(entries.map(() => [1, 2]));
});

it.runIf(isRoot)('unpackTar() does not let a setgid directory choose the group', async () => {
  await using scratch = await openScratchDirectory();
  mkdirSync(join(scratch.path, 'shared'));
  chownSync(join(scratch.path, 'shared'), 0, 50);
  chmodSync(join(scratch.path, 'shared'), 0o2775);
  const root = await unpack(scratch, [
    { path: 'shared/file', content: '' },
    { path: 'shared/dir/' },
    { path: 'shared/dir/inner', content: '' },
  ]);
  for (const path of ['shared/file', 'shared/dir', 'shared/dir/inner']) {
    expect(lstatSync(join(root, path)).gid, path).toBe(0);
    expect(lstatSync(join(root, path)).mode & 0o2000, path).toBe(0);
  }
});

it.runIf(isRoot)('unpackTar() makes devices and sets file capabilities', async () => {
  await using scratch = await openScratchDirectory();
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex'); // cap_net_raw+ep
  const root = await unpack(scratch, [
    { path: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666, uid: 3 },
    { path: 'ping', content: 'x', uid: 9, mode: 0o4755, xattrs: new Map([['security.capability', capability]]) },
    { path: 'd/', xattrs: new Map([['user.note', Buffer.from('hi')]]) },
  ]);
  expect(lstatSync(join(root, 'null'))).toMatchObject({ rdev: 0x103, uid: 3 });
  expect(fileSystemCalls().getXattrs(join(root, 'ping')).get('security.capability')).toEqual(
    Uint8Array.from(capability),
  );
  expect(fileSystemCalls().getXattrs(join(root, 'd')).get('user.note')).toEqual(Uint8Array.from(Buffer.from('hi')));
});

it('unpackTar() replaces what is there: a file, a symlink, an empty or full directory', async () => {
  await using scratch = await openScratchDirectory();
  await unpack(scratch, [
    { path: 'file', content: 'old' },
    { path: 'link', type: 'symlink', linkPath: 'file' },
    { path: 'full/inner/deep', content: 'old' },
    { path: 'kept/old', content: 'old' },
    { path: 'twice', content: '1' },
    { path: 'twice', content: '2' },
  ]);
  const root = await unpack(scratch, [
    { path: 'file/' },
    { path: 'link', content: 'new' },
    { path: 'full', type: 'symlink', linkPath: 'kept' },
    { path: 'kept/', mode: 0o700 },
    { path: 'kept/new', content: 'new' },
    { path: 'twice', type: 'hardlink', linkPath: 'kept/new' },
    { path: 'twice', type: 'hardlink', linkPath: 'kept/new' },
  ]);
  expect(list(root)).toEqual(['file/', 'full', 'kept/', 'kept/new', 'kept/old', 'link', 'twice']);
  expect(readlinkSync(join(root, 'full'))).toBe('kept');
  expect(readFileSync(join(root, 'twice'), 'utf8')).toBe('new');
  expect(lstatSync(join(root, 'kept')).mode & 0o777).toBe(0o700);
});

it('unpackTar() follows symlinks on the way as a chroot would', async () => {
  await using scratch = await openScratchDirectory();
  const root = await unpack(scratch, [
    { path: 'usr/bin/' },
    { path: 'bin', type: 'symlink', linkPath: 'usr/bin' },
    { path: 'top', type: 'symlink', linkPath: '/../../usr/./bin/..' },
    { path: 'bin/sh', content: 'sh' },
    { path: 'top/lib/x', content: 'x' },
    { path: 'usr/bin/sh2', type: 'hardlink', linkPath: '/bin/sh' },
  ]);
  expect(list(root)).toEqual(['bin', 'top', 'usr/', 'usr/bin/', 'usr/bin/sh', 'usr/bin/sh2', 'usr/lib/', 'usr/lib/x']);
});

it('unpackTar() gives a directory that no entry describes the time of what it was made for', async () => {
  await using scratch = await openScratchDirectory();
  const root = await unpack(scratch, [
    { path: 'a/b/c', content: '', mtimeSeconds: 77 },
    { path: 'a/b/d', content: '', mtimeSeconds: 99 },
  ]);
  expect(lstatSync(join(root, 'a/b'))).toMatchObject({ mtimeMs: 77_000 });
  expect(lstatSync(join(root, 'a')).mode & 0o7777).toBe(0o755);
});

it("unpackTar() 'apply' keeps the time of lower directories that the layer does not mention", async () => {
  await using scratch = await openScratchDirectory();
  mkdirSync(join(scratch.path, 'lower/other'), { recursive: true });
  writeFileSync(join(scratch.path, 'lower/gone'), '');
  utimesSync(join(scratch.path, 'lower'), 5, 5.25);
  const root = await unpack(scratch, [{ path: 'lower/new', content: '' }, { path: 'lower/.wh.gone' }]);
  expect(lstatSync(join(root, 'lower')).mtimeMs).toBe(5250);
});

const LOWER: readonly MadeEntry[] = [
  { path: 'a/one', content: '1' },
  { path: 'a/two', content: '2' },
  { path: 'a/sub/three', content: '3' },
  { path: 'b/four', content: '4' },
];

it.each([
  ['removes a file', [{ path: 'a/.wh.one' }], ['a/', 'a/sub/', 'a/sub/three', 'a/two', 'b/', 'b/four']],
  ['removes a directory', [{ path: '.wh.a' }], ['b/', 'b/four']],
  ['of what is not there is nothing', [{ path: 'x/.wh.y' }, { path: 'a/one/.wh.y' }], null],
  ['keeps what the layer put there before', [{ path: 'a/one', content: 'new' }, { path: 'a/.wh.one' }], null],
  [
    'makes a directory new',
    [{ path: '.wh.a' }, { path: 'a/' }, { path: 'a/new', content: '' }],
    ['a/', 'a/new', 'b/', 'b/four'],
  ],
  [
    'makes a directory new, the other way round',
    [{ path: 'a/' }, { path: 'a/new', content: '' }, { path: '.wh.a' }],
    ['a/', 'a/new', 'b/', 'b/four'],
  ],
  [
    'opaque hides all that is older, before and after',
    [
      { path: 'a/new', content: '' },
      { path: 'a/sub/new', content: '' },
      { path: 'a/.wh..wh..opq' },
      { path: 'a/two', content: '' },
    ],
    ['a/', 'a/new', 'a/sub/', 'a/sub/new', 'a/two', 'b/', 'b/four'],
  ],
  ['leaves out what AUFS kept', [{ path: '.wh..wh.plnk' }, { path: '.wh..wh.aufs', content: '' }], null],
] satisfies [string, MadeEntry[], string[] | null][])(
  "unpackTar() 'apply' a whiteout %s",
  async (_, layer, expected) => {
    await using scratch = await openScratchDirectory();
    await unpack(scratch, LOWER);
    const before = list(scratch.path);
    expect(list(await unpack(scratch, layer))).toEqual(expected ?? before);
  },
);

it.runIf(isRoot)("unpackTar() 'overlay' writes overlayfs's own marks", async () => {
  for (const overlayXattrs of ['trusted', 'user'] as const) {
    await using scratch = await openScratchDirectory();
    const root = await unpack(
      scratch,
      [
        { path: 'd/' },
        { path: 'd/.wh.gone' },
        { path: 'd/.wh.again' },
        { path: 'd/again/' },
        { path: 'd/file', content: 'x' },
        { path: 'd/.wh.file' },
        { path: 'e/' },
        { path: 'e/.wh..wh..opq' },
        { path: 'f/' },
        { path: '.wh.f' },
      ],
      { whiteouts: 'overlay', overlayXattrs },
    );
    const isOpaque = (path: string) =>
      fileSystemCalls().getXattrs(join(root, path)).has(`${overlayXattrs}.overlay.opaque`);
    expect(list(root)).toEqual(['d/', 'd/again/', 'd/file', 'd/gone', 'e/', 'f/']);
    expect(lstatSync(join(root, 'd/gone')).isCharacterDevice()).toBe(true);
    expect(lstatSync(join(root, 'd/gone')).rdev).toBe(0);
    expect(['d', 'd/again', 'e', 'f'].map(isOpaque)).toEqual([false, true, true, true]);
  }
});

it("unpackTar() 'plain' takes whiteout names as names, and leaves the root as it is", async () => {
  await using scratch = await openScratchDirectory();
  chmodSync(scratch.path, 0o711);
  const entries = [
    { path: '', type: 'directory' as const, mode: 0, uid: 65_534 },
    { path: '.wh.name', content: 'x' },
  ];
  const root = await unpack(scratch, entries, { whiteouts: 'plain' });
  expect(list(root)).toEqual(['.wh.name']);
  expect(lstatSync(root).mode & 0o777).toBe(0o711);
});

it("unpackTar() 'apply' sets the root's own metadata", async () => {
  await using scratch = await openScratchDirectory();
  const root = await unpack(scratch, [{ path: '', type: 'directory', mode: 0o751, mtimeSeconds: 12 }, { path: 'x' }]);
  expect(lstatSync(root)).toMatchObject({ mtimeMs: 12_000 });
  expect(lstatSync(root).mode & 0o7777).toBe(0o751);
});

it('unpackTar() reports its bytes, and stops when asked to', async () => {
  await using scratch = await openScratchDirectory();
  const seen: number[] = [];
  await unpack(scratch, [{ path: 'f', content: 'x'.repeat(3000) }], {
    whiteouts: 'plain',
    onBytes: (n) => void seen.push(n),
  });
  expect(seen.at(-1)).toBe(512 + 3072 + 1024);
  const controller = new AbortController();
  const aborted = unpack(scratch, [{ path: 'g', content: 'x'.repeat(3000) }], {
    whiteouts: 'plain',
    signal: controller.signal,
    onBytes: () => controller.abort(new Error('enough')),
  });
  await expect(aborted).rejects.toThrow('enough');
});

it.runIf(!isRoot)('unpackTar() warns once where it may not give files away', async () => {
  await using scratch = await openScratchDirectory();
  const warnings: string[] = [];
  const entries = [
    { path: 'a', uid: 0 },
    { path: 'b', uid: 0 },
  ];
  await unpack(scratch, entries, { whiteouts: 'apply', onWarning: (message) => void warnings.push(message) });
  expect(warnings).toHaveLength(1);
});

it('unpackTar() unpacks into a directory that is reached through a symlink', async () => {
  await using scratch = await openScratchDirectory();
  mkdirSync(join(scratch.path, 'real'));
  symlinkSync('real', join(scratch.path, 'alias'));
  await unpackTar(inChunks(await makeArchive([{ path: 'f', content: '' }])), join(scratch.path, 'alias'), {
    whiteouts: 'apply',
  });
  expect(existsSync(join(scratch.path, 'real/f'))).toBe(true);
});

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gnuLongHeader, inChunks, makeArchive, type MadeEntry, paxHeader, rawTar, rawTarEntry } from '@shale/testing';
import { ArchiveEscapeError, ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import { loadSystemCalls } from '../linux/system-calls.ts';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { hostPath, readNames } from './path-bytes.ts';
import { unpackTar } from './unpack.ts';
import type { UnpackOptions } from './unpack-options.ts';

/** A root in a directory with things beside it that no archive may touch. */
interface Target extends AsyncDisposable {
  readonly root: string;
  readonly outside: string;
  unpack(entries: readonly MadeEntry[] | Buffer, options?: UnpackOptions): Promise<void>;
}

async function openTarget(): Promise<Target> {
  const scratch = await openScratchDirectory();
  const [root, outside] = [join(scratch.path, 'root'), join(scratch.path, 'outside')];
  mkdirSync(root);
  mkdirSync(join(outside, 'd'), { recursive: true });
  writeFileSync(join(outside, 't'), 'canary');
  writeFileSync(join(outside, 'd/inner'), 'canary');
  const before = fingerprint(scratch.path, 'root');
  return {
    root,
    outside,
    async unpack(entries, options = { whiteouts: 'apply' }) {
      const tar = entries instanceof Buffer ? entries : await makeArchive(entries as readonly MadeEntry[]);
      try {
        await unpackTar(inChunks(tar, 4096), root, options);
      } finally {
        expect(fingerprint(scratch.path, 'root'), 'the canary tree').toEqual(before);
      }
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** All that an attack could change below a path, one name left out. */
function fingerprint(path: string, except?: string): unknown {
  const stats = lstatSync(hostPath(path));
  const { mode, uid, gid, size, nlink, mtimeMs } = stats;
  const own = except === undefined ? [mode, uid, gid, size, nlink, mtimeMs] : [mode, uid, gid];
  if (stats.isSymbolicLink()) return [...own, readlinkSync(hostPath(path))];
  if (stats.isFile())
    return [
      ...own,
      createHash('sha256')
        .update(readFileSync(hostPath(path)))
        .digest('hex'),
    ];
  if (!stats.isDirectory()) return own;
  const names = readNames(path).filter((name) => name !== except);
  return [...own, names.toSorted().map((name) => [name, fingerprint(join(path, name))])];
}

const symlink = (path: string, linkPath: string): MadeEntry => ({ path, linkPath, type: 'symlink', mode: 0o777 });
const hardlink = (path: string, linkPath: string): MadeEntry => ({ path, linkPath, type: 'hardlink' });
const isRoot = process.getuid?.() === 0;

it.each(['../x', 'a/../../x', 'a/../x', '..', '/../x', './../x'])(
  'unpackTar() refuses an entry named %s (CVE-2026-28406)',
  async (path) => {
    await using target = await openTarget();
    for (const type of ['file', 'directory'] as const) {
      await expect(target.unpack([{ path, type }])).rejects.toThrow(ArchiveEscapeError);
    }
  },
);

it('unpackTar() puts an absolute name into the root', async () => {
  await using target = await openTarget();
  await target.unpack(rawTar(rawTarEntry({ name: '/etc/x' }, 'in'), rawTarEntry({ name: '//etc//./y' }, 'in')));
  expect(readNames(join(target.root, 'etc')).toSorted()).toEqual(['x', 'y']);
});

it.each(['apply', 'overlay', 'plain'] as const)(
  'unpackTar() follows a symlinked parent within the root, %s',
  async (whiteouts) => {
    await using target = await openTarget();
    const entries = [
      symlink('abs', target.outside),
      symlink('rel', '../outside'),
      { path: 'abs/d/f' },
      { path: 'rel/g' },
    ];
    await target.unpack(entries, { whiteouts });
    expect(existsSync(join(target.root, target.outside, 'd/f'))).toBe(true);
    expect(existsSync(join(target.root, 'outside/g'))).toBe(true);
  },
);

it('unpackTar() refuses a hard link out of the root through a chain of symlinks (CVE-2026-26960)', async () => {
  await using target = await openTarget();
  const entries = [
    { path: 'a/b/c/' },
    symlink('a/b/c/up', '../../..'),
    symlink('a/b/esc', 'c/up/../../outside'),
    hardlink('x', 'a/b/esc/t'),
  ];
  await expect(target.unpack(entries)).rejects.toThrow(ArchiveInvalidError);
});

it('unpackTar() takes an absolute hard link from the root (CVE-2026-23745)', async () => {
  await using target = await openTarget();
  await expect(target.unpack([hardlink('x', '/etc/passwd')])).rejects.toThrow(ArchiveInvalidError);
  await target.unpack([{ path: 'etc/passwd', content: 'own' }, hardlink('y', '/etc/passwd')]);
  expect(readFileSync(join(target.root, 'y'), 'utf8')).toBe('own');
});

it.each(['../outside/t', 'a/../../outside/t', '/../outside/t'])(
  'unpackTar() refuses a hard link to %s (CVE-2026-24842)',
  async (linkPath) => {
    await using target = await openTarget();
    await expect(target.unpack([{ path: 'a/' }, hardlink('x', linkPath)])).rejects.toThrow(ArchiveEscapeError);
  },
);

it("unpackTar() refuses a hard link to a file of the process's directory (CVE-2026-50163)", async () => {
  await using target = await openTarget();
  await expect(target.unpack([hardlink('x', 'package.json')])).rejects.toThrow(ArchiveInvalidError);
});

it('unpackTar() replaces a hard link to a symlink, and does not write through it (CVE-2025-48387)', async () => {
  await using target = await openTarget();
  const entries = [symlink('s', `${target.outside}/t`), hardlink('h', 's'), { path: 'h', content: 'evil' }];
  await target.unpack(entries); // the link is to the symlink itself, and the write replaces it
  expect(readFileSync(join(target.root, 'h'), 'utf8')).toBe('evil');
  expect(readlinkSync(join(target.root, 's'))).toBe(`${target.outside}/t`);
});

it('unpackTar() stays in the root when a directory becomes a symlink (CVE-2021-32803, CVE-2021-37701)', async () => {
  await using target = await openTarget();
  const entries = [
    { path: 'd/', mode: 0o700, mtimeSeconds: 1 },
    { path: 'd/sub/', mode: 0o700, mtimeSeconds: 1 },
    { path: 'd/sub/first' },
    symlink('d', '../outside'),
    { path: 'd/sub/second' },
    { path: 'd/t', content: 'evil' },
  ];
  await target.unpack(entries);
  expect(readNames(join(target.root, 'outside')).toSorted()).toEqual(['sub', 't']);
});

it('unpackTar() follows the newest symlink when one replaces another', async () => {
  await using target = await openTarget();
  await target.unpack([
    { path: 'one/' },
    { path: 'two/' },
    symlink('way', 'one'),
    { path: 'way/a' },
    symlink('way', '/two'),
    { path: 'way/b' },
  ]);
  expect(readNames(join(target.root, 'one'))).toEqual(['a']);
  expect(readNames(join(target.root, 'two'))).toEqual(['b']);
});

it('unpackTar() replaces a symlink by a file, and does not write through it', async () => {
  await using target = await openTarget();
  await target.unpack([symlink('f', '../outside/t'), { path: 'f', content: 'evil' }]);
  expect(lstatSync(join(target.root, 'f')).isFile()).toBe(true);
});

it('unpackTar() replaces a symlink by a directory and a fifo, and sets neither mode nor attribute through it', async () => {
  await using target = await openTarget();
  const entries = [
    symlink('d', '../outside/d'),
    { path: 'd/', mode: 0o777 },
    symlink('p', '../outside/t'),
    { path: 'p', type: 'fifo' as const, mode: 0o666, xattrs: new Map([['user.evil', Buffer.from('1')]]) },
  ];
  await target.unpack(entries);
  expect(lstatSync(join(target.root, 'd')).isDirectory()).toBe(true);
});

it('unpackTar() refuses a chain of symlinks that is too long to follow (CVE-2025-4517)', async () => {
  await using target = await openTarget();
  const long = 'd'.repeat(200);
  const links = Array.from({ length: 60 }, (_, index) => symlink(`l${index}`, `${long}/../l${index + 1}`));
  const entries = [{ path: `${long}/` }, ...links, symlink('l60', '../outside'), { path: 'l0/evil' }];
  await expect(target.unpack(entries)).rejects.toThrow(ArchiveInvalidError);
});

it('unpackTar() refuses a path through a symlink to itself', async () => {
  await using target = await openTarget();
  await expect(target.unpack([symlink('loop', 'loop'), { path: 'loop/x' }])).rejects.toThrow(ArchiveInvalidError);
});

it.each(['.wh.', '.wh..', '.wh...', 'd/.wh...'])('unpackTar() refuses a whiteout named %s', async (path) => {
  await using target = await openTarget();
  for (const whiteouts of ['apply', 'overlay'] as const) {
    await expect(target.unpack([{ path }], { whiteouts })).rejects.toThrow(ArchiveInvalidError);
    expect(existsSync(target.root)).toBe(true);
  }
});

it('unpackTar() deletes nothing outside by a whiteout below a symlink', async () => {
  await using target = await openTarget();
  symlinkSync(target.outside, join(target.root, 'l'));
  symlinkSync('../outside', join(target.root, 'm'));
  await target.unpack([{ path: 'l/.wh.t' }, { path: 'm/.wh.t' }, { path: 'm/.wh.d' }]);
});

it('unpackTar() deletes nothing outside by an opaque mark below a symlink', async () => {
  await using target = await openTarget();
  symlinkSync(target.outside, join(target.root, 'l'));
  await target.unpack([{ path: 'l/.wh..wh..opq' }]);
  await target.unpack([{ path: 'l/.wh..wh..opq' }, { path: 'l/new' }]);
});

it.runIf(isRoot && loadSystemCalls())('unpackTar() deletes nothing that is mounted in an opaque root', async () => {
  await using target = await openTarget();
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
    import { loadSystemCalls } from ${module('../linux/system-calls.ts')};
    import { unpackTar } from ${module('unpack.ts')};
    import { makeArchive } from ${module('../../../testing/src/make-layer.ts')};
    const calls = loadSystemCalls();
    calls.unshare(0x20000);
    calls.mount({ source: 'none', target: '/', flags: 0x44000 });
    const root = ${JSON.stringify(target.root)};
    mkdirSync(root + '/proc');
    calls.mount({ source: 'tmpfs', target: root + '/proc', type: 'tmpfs' });
    writeFileSync(root + '/proc/kept', '');
    const tar = await makeArchive([{ path: '.wh..wh..opq' }]);
    await unpackTar((async function* () { yield tar; })(), root, { whiteouts: 'apply' })
      .catch((error) => process.stdout.write(error.code + ' '));
    process.stdout.write(readdirSync(root + '/proc').join());
  `;
  const child = spawn(process.execPath, ['--conditions=@shale/source', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  expect(output).toBe('ARCHIVE_ESCAPE kept');
});

it('unpackTar() makes a fifo and never opens it', async () => {
  await using target = await openTarget();
  await target.unpack([
    { path: 'f', type: 'fifo' },
    { path: 'f', type: 'fifo' },
    { path: 'f', content: 'file now' },
  ]);
  expect(readFileSync(join(target.root, 'f'), 'utf8')).toBe('file now');
});

it("unpackTar() drops overlayfs's own attributes", async () => {
  await using target = await openTarget();
  const value = Buffer.from('/../../etc');
  const names = [
    'trusted.overlay.redirect',
    'user.overlay.redirect',
    'user.overlay.opaque',
    'trusted.other',
    'security.selinux',
  ];
  const xattrs = new Map([...names, 'user.kept'].map((name) => [name, value]));
  await target.unpack([
    { path: 'd/', xattrs },
    { path: 'f', xattrs },
  ]);
  for (const path of ['d', 'f']) {
    expect([...fileSystemCalls().getXattrs(join(target.root, path)).keys()]).toEqual(['user.kept']);
  }
});

it('unpackTar() goes on after odd times and owners', async () => {
  await using target = await openTarget();
  const entries = [2 ** 40, -(2 ** 40), -1].map((mtimeSeconds, index) => ({ path: `f${index}`, mtimeSeconds }));
  await target.unpack([...entries, { path: 'g', uid: isRoot ? 2 ** 31 : 0 }]);
  expect(readNames(target.root)).toHaveLength(4);
});

it('unpackTar() refuses too many entries, and too deep paths', async () => {
  await using target = await openTarget();
  const many = Array.from({ length: 50 }, (_, index) => ({ path: `f${index}` }));
  await expect(target.unpack(many, { whiteouts: 'apply', limits: { entries: 49 } })).rejects.toThrow(ArchiveLimitError);
  const deep = rawTar(gnuLongHeader('L', 'd/'.repeat(1500)), rawTarEntry({ name: 'x', type: '5' }));
  await expect(target.unpack(deep)).rejects.toThrow(ArchiveLimitError);
});

it('unpackTar() keeps names apart that other systems take for equal', async () => {
  await using target = await openTarget();
  await target.unpack(['ß', 'ss', 'e\u0301', '\u00e9', 'A', 'a'].map((path) => ({ path, content: path })));
  expect(readNames(target.root)).toHaveLength(6);
});

it('unpackTar() keeps names that are not UTF-8', async () => {
  await using target = await openTarget();
  const name = '\udcff\udcfe';
  await target.unpack([
    { path: `${name}/` },
    { path: `${name}/x` },
    symlink(`${name}/l`, name),
    hardlink('h', `${name}/x`),
  ]);
  expect(readNames(target.root).toSorted()).toEqual(['h', name].toSorted());
});

it('unpackTar() takes backslashes and drives for ordinary names', async () => {
  await using target = await openTarget();
  await target.unpack([{ path: 'C:..\\x' }, { path: 'a\\..\\..\\x' }]);
  expect(readNames(target.root).toSorted()).toEqual(['C:..\\x', 'a\\..\\..\\x']);
});

it.each(['0', '2'])('unpackTar() refuses a root entry of type %s, which is no directory', async (type) => {
  await using target = await openTarget();
  const tar = rawTar(rawTarEntry({ name: '.', type, linkName: '../outside' }));
  await expect(target.unpack(tar)).rejects.toThrow(ArchiveInvalidError);
  expect(lstatSync(target.root).isDirectory()).toBe(true);
});

it('unpackTar() refuses an entry below a file', async () => {
  await using target = await openTarget();
  await expect(target.unpack([{ path: 'f' }, { path: 'f/x' }])).rejects.toThrow(ArchiveInvalidError);
});

it.each(['d', '.', '', 'd/', 's/'])('unpackTar() refuses a hard link to the directory %j', async (linkPath) => {
  await using target = await openTarget();
  const entries = rawTar(
    rawTarEntry({ name: 'd/', type: '5' }),
    rawTarEntry({ name: 's', type: '2', linkName: 'd' }),
    rawTarEntry({ name: 'h', type: '1', linkName: linkPath }),
  );
  await expect(target.unpack(entries)).rejects.toThrow(ArchiveInvalidError);
});

it('unpackTar() keeps a file that is a hard link to itself', async () => {
  await using target = await openTarget();
  await target.unpack([{ path: 'f', content: 'kept' }, hardlink('f', 'f')]);
  expect(readFileSync(join(target.root, 'f'), 'utf8')).toBe('kept');
  await expect(target.unpack([hardlink('g', 'g')])).rejects.toThrow(ArchiveInvalidError);
});

it('unpackTar() refuses a pax path that climbs out below a harmless name', async () => {
  await using target = await openTarget();
  const tar = rawTar(paxHeader([['path', '../../outside/t']]), rawTarEntry({ name: 'harmless' }, 'evil'));
  await expect(target.unpack(tar)).rejects.toThrow(ArchiveEscapeError);
});

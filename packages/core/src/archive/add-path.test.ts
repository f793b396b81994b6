import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inChunks } from '@shale/testing';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import type { AddPathOptions } from './add-path.ts';
import { addPath } from './add-path.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { fileSystemCalls, spawnedCalls } from './file-system-calls.ts';
import { hostPath, readNames } from './path-bytes.ts';
import { readTar } from './tar-reader.ts';
import { TarWriter } from './tar-writer.ts';
import { unpackTar } from './unpack.ts';

const isRoot = process.getuid?.() === 0;

/** An archive of all that is below a directory. */
async function pack(root: string, options: Partial<AddPathOptions> = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const tar = new TarWriter((chunk) => void chunks.push(Buffer.from(chunk)));
  const hardLinks = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for (const name of readNames(join(root, below)).toSorted()) {
      const path = below === '' ? name : `${below}/${name}`;
      await addPath(tar, `${root}/${path}`, path, { hardLinks, ...options });
      if (lstatSync(hostPath(`${root}/${path}`)).isDirectory()) await walk(path);
    }
  };
  await walk('');
  await tar.finish();
  return Buffer.concat(chunks);
}

async function list(tar: Uint8Array): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  await readTar(inChunks(tar), { entry: (entry) => void entries.push(entry) });
  return entries;
}

function makeTree(root: string): void {
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/file'), 'x'.repeat(3000), { mode: 0o640 });
  linkSync(join(root, 'd/file'), join(root, 'z-link'));
  symlinkSync('../nowhere/é', join(root, 'd/symlink'));
  linkSync(join(root, 'd/symlink'), join(root, 'z-symlink-link'));
  writeFileSync(hostPath(join(root, 'caf\udce9')), '');
  utimesSync(join(root, 'd/file'), 1_700_000_000, 1_700_000_000.5);
  execFileSync('mkfifo', ['-m', '600', join(root, 'pipe')]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(root, 'd/file')]);
  execFileSync('setfattr', ['-n', 'user.overlay.origin', '-v', 'dropped', join(root, 'd/file')]);
  if (isRoot) execFileSync('mknod', [join(root, 'device'), 'b', '300', '70000']);
}

it('addPath() and unpackTar() give the same tree again', async () => {
  await using source = await openScratchDirectory();
  await using target = await openScratchDirectory();
  makeTree(source.path);
  const archive = await pack(source.path);
  await unpackTar(inChunks(archive), target.path, { whiteouts: 'plain' });
  expect((await pack(target.path)).equals(archive)).toBe(true);
});

it('addPath() writes what GNU tar finds no difference to', async () => {
  await using source = await openScratchDirectory();
  makeTree(source.path);
  execFileSync('tar', ['-C', source.path, '--xattrs', '-df', '-'], { input: await pack(source.path) });
});

it('addPath() writes later names of a file as hard links, symlinks included', async () => {
  await using source = await openScratchDirectory();
  makeTree(source.path);
  const links = (await list(await pack(source.path))).filter(({ type }) => type === 'hardlink');
  expect(links).toMatchObject([
    { path: 'z-link', linkPath: 'd/file', size: 0 },
    { path: 'z-symlink-link', linkPath: 'd/symlink' },
  ]);
});

it('addPath() keeps capabilities and user attributes, and drops those of overlayfs', async () => {
  await using source = await openScratchDirectory();
  makeTree(source.path);
  const entry = (await list(await pack(source.path))).find(({ path }) => path === 'd/file');
  expect([...(entry?.xattrs ?? [])]).toEqual([['user.note', Buffer.from('kept')]]);
  const without = (await list(await pack(source.path, { xattrs: false }))).find(({ path }) => path === 'd/file');
  expect(without?.xattrs).toBeUndefined();
});

it('addPath() replaces owners, clamps times and cuts fractions when asked to', async () => {
  await using source = await openScratchDirectory();
  makeTree(source.path);
  const owner = { uid: 2 ** 31, gid: 3 };
  const entries = await list(
    await pack(source.path, { owner, clampMtimeSeconds: 1_700_000_001, timePrecision: 'second' }),
  );
  expect(entries.every(({ uid, gid }) => uid === owner.uid && gid === 3)).toBe(true);
  const times = new Map(entries.map((entry) => [entry.path, [entry.mtimeSeconds, entry.mtimeNanoseconds]]));
  expect(times.get('d/file')).toEqual([1_700_000_000, 0]);
  expect(times.get('d')).toEqual([1_700_000_001, 0]);
});

it('addPath() passes over sockets', async () => {
  await using source = await openScratchDirectory();
  const server = createServer().listen(join(source.path, 'socket'));
  await new Promise((resolve) => server.once('listening', () => resolve(undefined)));
  try {
    expect(await list(await pack(source.path))).toEqual([]);
  } finally {
    server.close();
  }
});

it('addPath() fails where the path is missing, and writes nothing then', async () => {
  await using source = await openScratchDirectory();
  const tar = new TarWriter(() => {});
  expect(() => addPath(tar, join(source.path, 'x'), 'x', { hardLinks: new Map() })).toThrow('ENOENT');
  expect(tar.entries).toBe(0);
});

it('addPath() packs a sparse file larger than memory chunks as its zeros', async () => {
  await using source = await openScratchDirectory();
  writeFileSync(join(source.path, 'sparse'), 'start');
  truncateSync(join(source.path, 'sparse'), 3 * 1024 * 1024 + 5);
  const archive = await pack(source.path);
  await using target = await openScratchDirectory();
  await unpackTar(inChunks(archive), target.path, { whiteouts: 'plain' });
  const [a, b] = [source.path, target.path].map((path) => readFileSync(join(path, 'sparse')));
  expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
});

it.runIf(isRoot)('spawnedCalls() does the same through programs', async () => {
  const spawned = spawnedCalls();
  await using scratch = await openScratchDirectory();
  const file = join(scratch.path, 'file "é"\n');
  writeFileSync(file, '');
  spawned.setXattr(file, 'user.bytes', Uint8Array.of(0, 10, 255));
  spawned.setXattr(file, 'user.empty', new Uint8Array());
  expect(new Map([...spawned.getXattrs(file)].map(([name, value]) => [name, [...value]]))).toEqual(
    new Map([
      ['user.bytes', [0, 10, 255]],
      ['user.empty', []],
    ]),
  );
  expect([...fileSystemCalls().getXattrs(file).keys()].toSorted()).toEqual(['user.bytes', 'user.empty']);
  spawned.makeNode(join(scratch.path, 'null'), 0o020666, 1, 3);
  spawned.makeNode(join(scratch.path, 'pipe'), 0o010600, 0, 0);
  expect(lstatSync(join(scratch.path, 'null')).rdev).toBe(0x103);
  expect(lstatSync(join(scratch.path, 'pipe')).isFIFO()).toBe(true);
  spawned.setTimes(file, 1000, 500_000_000);
  expect(lstatSync(file).mtimeMs).toBe(1_000_500);
  expect(() => spawned.setXattr(join(scratch.path, 'absent'), 'user.x', Uint8Array.of(1))).toThrow();
});

import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gnuLongHeader, inChunks, makeArchive, paxHeader, rawTar, rawTarEntry, TAR_END } from '@shale/testing';
import { ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { hostPath } from './path-bytes.ts';
import type { ReadTarOptions } from './tar-reader.ts';
import { readTar } from './tar-reader.ts';

interface Found extends ArchiveEntry {
  content?: string;
}

async function read(tar: Uint8Array, options: ReadTarOptions & { chunkBytes?: number } = {}): Promise<Found[]> {
  const found: Found[] = [];
  const visitor = {
    entry: (entry: ArchiveEntry) => void found.push({ ...entry }),
    content(piece: Buffer) {
      const last = found.at(-1) as Found;
      last.content = (last.content ?? '') + piece.toString('latin1');
    },
  };
  await readTar(inChunks(tar, options.chunkBytes), visitor, options);
  return found;
}

const paths = async (tar: Uint8Array) => (await read(tar)).map(({ path }) => path);

it.each(['v7', 'oldgnu', 'gnu', 'ustar', 'posix'])('readTar() reads what GNU tar writes as %s', async (format) => {
  await using scratch = await openScratchDirectory();
  const tree = join(scratch.path, 'tree');
  mkdirSync(join(tree, 'dir'), { recursive: true });
  const long = format === 'v7' ? 'short' : `${'d'.repeat(80)}/${'f'.repeat(80)}`;
  mkdirSync(join(tree, long, '..'), { recursive: true });
  writeFileSync(join(tree, long), 'long');
  writeFileSync(join(tree, 'dir/file'), 'x'.repeat(1500));
  writeFileSync(hostPath(join(tree, 'caf\udce9')), 'bytes');
  linkSync(join(tree, 'dir/file'), join(tree, 'linked'));
  symlinkSync('/dir/../dir', join(tree, 'symlink'));
  utimesSync(join(tree, 'dir/file'), 1_700_000_000.5, 1_700_000_000.5);
  const archive = join(scratch.path, 'a.tar');
  execFileSync('tar', ['-C', tree, `--format=${format}`, '--sort=name', '-cf', archive, '.']);
  const entries = await read(readFileSync(archive), { chunkBytes: 777 });
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  expect(byPath.get('')?.type).toBe('directory');
  expect(byPath.get('dir')?.type).toBe('directory');
  expect(byPath.get('dir/file')).toMatchObject({ type: 'file', size: 1500, mtimeSeconds: 1_700_000_000 });
  expect(byPath.get('dir/file')?.mtimeNanoseconds).toBe(format === 'posix' ? 500_000_000 : 0);
  expect(byPath.get('linked')).toMatchObject({ type: 'hardlink', linkPath: './dir/file' });
  expect(byPath.get('symlink')).toMatchObject({ type: 'symlink', linkPath: '/dir/../dir' });
  expect(byPath.get('caf\udce9')?.content).toBe('bytes');
  expect(byPath.get(long)?.content).toBe('long');
});

it("readTar() reads GNU tar's capabilities and attributes byte for byte", async () => {
  await using scratch = await openScratchDirectory();
  writeFileSync(join(scratch.path, 'file'), '');
  execFileSync('setfattr', ['-n', 'user.bytes', '-v', '0x000aff3d', join(scratch.path, 'file')]);
  const archive = execFileSync('tar', ['-C', scratch.path, '--xattrs', '--format=posix', '-cf', '-', 'file']);
  const [entry] = await read(archive);
  expect(entry?.xattrs?.get('user.bytes')).toEqual(Buffer.from([0, 10, 255, 0x3d]));
});

it('readTar() takes base-256 numbers, before 1970 too', async () => {
  const uid = '\x80\0\0\0\x80\0\0\0';
  const mtime = '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe';
  const size = '\x80\0\0\0\0\0\0\0\0\0\0\x03';
  const [entry] = await read(rawTar(rawTarEntry({ name: 'f', uid, mtime, size, magic: 'ustar  \0' }, 'abc')));
  expect(entry).toMatchObject({ uid: 2 ** 31, mtimeSeconds: -2, size: 3, content: 'abc' });
});

it('readTar() joins the prefix only where it is one', async () => {
  const posix = rawTarEntry({ name: 'name', prefix: 'pre/fix' });
  const gnu = rawTarEntry({ name: 'gnu', prefix: '14575310453\x00', magic: 'ustar  \0' });
  const old = rawTarEntry({ name: 'old', prefix: 'junk', magic: '\0\0\0\0\0\0\0\0' });
  expect(await paths(rawTar(posix, gnu, old))).toEqual(['pre/fix/name', 'gnu', 'old']);
});

it('readTar() takes a checksum that was summed over signed bytes', async () => {
  const signed = rawTarEntry({ name: 'caf\xe9' });
  const sum = signed.subarray(0, 512).reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
  const inField = signed.subarray(148, 156).reduce((total, byte) => total + byte, 0);
  const checksum = `${(sum - inField + 8 * 32).toString(8).padStart(6, '0')}\0 `;
  expect(await paths(rawTar(rawTarEntry({ name: 'caf\xe9', checksum })))).toEqual(['caf\udce9']);
});

it('readTar() passes over volume labels and the lists of incremental dumps', async () => {
  const tar = rawTar(
    rawTarEntry({ name: 'label', type: 'V' }),
    rawTarEntry({ name: 'dir/', type: 'D' }, 'Yfile\0\0'),
    rawTarEntry({ name: 'dir/file' }, 'x'),
  );
  expect(await paths(tar)).toEqual(['dir', 'dir/file']);
});

it('readTar() lets global records give times and owners, never names or sizes', async () => {
  const tar = rawTar(
    paxHeader(
      [
        ['comment', 'commit'],
        ['mtime', '5'],
        ['path', 'evil'],
        ['size', '0'],
      ],
      'g',
    ),
    rawTarEntry({ name: 'a', mtime: 1 }, 'a'),
    paxHeader([['mtime', '7.25']]),
    rawTarEntry({ name: 'b' }, 'b'),
    paxHeader([['mtime', '']]),
    rawTarEntry({ name: 'c', mtime: 3 }, 'c'),
  );
  expect(await read(tar)).toMatchObject([
    { path: 'a', mtimeSeconds: 5, content: 'a' },
    { path: 'b', mtimeSeconds: 7, mtimeNanoseconds: 250_000_000, content: 'b' },
    { path: 'c', mtimeSeconds: 3, content: 'c' },
  ]);
});

it('readTar() waits for a visitor that answers with a promise', async () => {
  const tar = await makeArchive([
    { path: 'a', content: 'a' },
    { path: 'd/' },
    { path: 'b', content: 'b'.repeat(2000) },
  ]);
  const order: string[] = [];
  let isBusy = false;
  const step = async (name: string) => {
    expect(isBusy).toBe(false);
    isBusy = true;
    await new Promise((resolve) => setImmediate(resolve));
    isBusy = false;
    order.push(name);
  };
  await readTar(inChunks(tar, 1024), {
    entry: ({ path }) => step(path),
    content: ({ byteLength }) => step(String(byteLength)),
    end: () => step('end'),
  });
  expect(order).toEqual(['a', '1', 'end', 'd', 'end', 'b', '1024', '976', 'end']);
});

it('readTar() reads an archive of one zero block, and none at all only where a digest vouches for it', async () => {
  const entry = rawTarEntry({ name: 'f' });
  expect(await paths(Buffer.concat([entry, TAR_END.subarray(512)]))).toEqual(['f']);
  await expect(read(entry)).rejects.toThrow(ArchiveInvalidError);
  expect(await read(entry, { endMarker: 'optional' })).toHaveLength(1);
  expect(await read(Buffer.alloc(0), { endMarker: 'optional' })).toEqual([]);
});

it('readTar() refuses a path beyond PATH_MAX', async () => {
  const tar = rawTar(paxHeader([['path', 'a/'.repeat(3000)]]), rawTarEntry({ name: 'x' }));
  await expect(read(tar)).rejects.toThrow(ArchiveLimitError);
});

it('readTar() lets a pax size hide no entry (CVE-2025-62518)', async () => {
  const inner = rawTar(rawTarEntry({ name: 'hidden' }));
  const tar = rawTar(paxHeader([['size', String(inner.byteLength)]]), rawTarEntry({ name: 'outer', size: 0 }, inner));
  expect(await paths(tar)).toEqual(['outer']);
});

it('readTar() does not take a pax size for that of the long name in between (GHSA-vmf3-w455-68vh)', async () => {
  const name = 'n'.repeat(150);
  const tar = rawTar(
    paxHeader([['size', '3']]),
    gnuLongHeader('L', name),
    rawTarEntry({ name: 'short', size: 0 }, 'abc'),
  );
  expect(await read(tar)).toMatchObject([{ path: name, content: 'abc' }]);
});

it.each([
  ['-1', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
  ['2^63', '\x80\0\0\0\x80\0\0\0\0\0\0\0'],
  ['letters', 'zzzzzzzzzzz\0'],
  ['octal, then letters', '00000000007x'],
])('readTar() refuses a size of %s', async (_, size) => {
  await expect(read(rawTar(rawTarEntry({ name: 'f', size })))).rejects.toThrow(ArchiveInvalidError);
});

it('readTar() refuses a NUL in a pax path (GHSA-gvwx-54wh-qm9j)', async () => {
  const tar = rawTar(paxHeader([['path', 'a\0/../../x']]), rawTarEntry({ name: 'x' }));
  await expect(read(tar)).rejects.toThrow(ArchiveInvalidError);
});

it('readTar() takes a pax path of digits for a name (GHSA-w8wr-v893-vjvp)', async () => {
  expect(await paths(rawTar(paxHeader([['path', '12345']]), rawTarEntry({ name: 'x' })))).toEqual(['12345']);
});

it('readTar() refuses a malformed pax record', async () => {
  const payload = '9 path=a\n11 path=evil\n';
  await expect(
    read(rawTar(rawTarEntry({ name: 'p', type: 'x' }, payload), rawTarEntry({ name: 'x' }))),
  ).rejects.toThrow(ArchiveInvalidError);
});

it.each(['L', 'K', 'x', 'g'])('readTar() refuses a header of type %s that claims 8 GiB', async (type) => {
  const tar = rawTar(rawTarEntry({ name: 'big', type, size: '\x80\0\0\0\0\0\0\x02\0\0\0\0' }));
  await expect(read(tar)).rejects.toThrow(ArchiveLimitError);
});

it('readTar() refuses a flipped bit, and an archive that is cut anywhere', async () => {
  const tar = await makeArchive([
    { path: 'a', content: 'a'.repeat(700) },
    { path: 'long'.repeat(50), content: 'b' },
  ]);
  const flipped = Buffer.from(tar);
  flipped[5] = (flipped[5] ?? 0) ^ 1;
  await expect(read(flipped)).rejects.toThrow('wrong checksum');
  for (let cut = 0; cut <= tar.byteLength - 1024; cut += 128) {
    await expect(read(tar.subarray(0, cut)), `cut at ${cut}`).rejects.toThrow(ArchiveInvalidError);
  }
});

it('readTar() ignores bytes after the end, with a warning', async () => {
  const warnings: string[] = [];
  const tar = Buffer.concat([rawTar(rawTarEntry({ name: 'a' })), rawTar(rawTarEntry({ name: 'b' }))]);
  const found = await read(tar, { onWarning: (message) => void warnings.push(message), chunkBytes: 512 });
  expect(found.map(({ path }) => path)).toEqual(['a']);
  expect(warnings).toEqual(['The archive has data after its end, which is ignored']);
});

it('readTar() takes an old file for a directory by its whole name only (CVE-2025-13462)', async () => {
  const whole = `${'d/'.repeat(50)}file`;
  const tar = rawTar(
    gnuLongHeader('L', whole),
    rawTarEntry({ name: whole.slice(0, 100), type: '\0' }, 'content'),
    rawTarEntry({ name: 'old/', type: '\0', magic: '\0\0\0\0\0\0\0\0' }),
  );
  expect(await read(tar)).toMatchObject([
    { path: whole, type: 'file', content: 'content' },
    { path: 'old', type: 'directory' },
  ]);
});

it('readTar() refuses attributes beyond 1 MiB', async () => {
  const records = Array.from(
    { length: 100 },
    (_, index) => [`SCHILY.xattr.user.x${index}`, 'v'.repeat(65_536)] as const,
  );
  await expect(read(rawTar(paxHeader(records), rawTarEntry({ name: 'f' })))).rejects.toThrow(ArchiveLimitError);
});

it.each([
  ['uid', '4294967295'],
  ['uid', '-1'],
  ['mtime', '1e18'],
  ['mtime', 'NaN'],
  ['size', '99999999999999999999'],
])('readTar() refuses a pax %s of %s', async (key, value) => {
  await expect(read(rawTar(paxHeader([[key, value]]), rawTarEntry({ name: 'f' })))).rejects.toThrow(
    ArchiveInvalidError,
  );
});

it('readTar() drops mode bits beyond the permissions', async () => {
  expect(await read(rawTar(rawTarEntry({ name: 'f', mode: '7777777\0' })))).toMatchObject([{ mode: 0o7777 }]);
});

it('readTar() refuses too many entries, and too deep paths', async () => {
  const tar = await makeArchive([{ path: 'a' }, { path: 'b' }, { path: 'c' }]);
  await expect(read(tar, { limits: { entries: 2 } })).rejects.toThrow(ArchiveLimitError);
  const deep = await makeArchive([{ path: 'd/'.repeat(1001) }]);
  await expect(read(deep)).rejects.toThrow(ArchiveLimitError);
});

it('readTar() takes backslashes and drives for ordinary names', async () => {
  const names = ['C:..\\x', 'a\\..\\..\\x'];
  expect(await paths(await makeArchive(names.map((path) => ({ path }))))).toEqual(names);
});

it('readTar() refuses content beyond the limit before it reads it', async () => {
  const tar = rawTar(rawTarEntry({ name: 'big', size: '\x80\0\0\0\0\x04\0\0\0\0\0\0' }));
  await expect(read(tar, { limits: { contentBytes: 2 ** 40 } })).rejects.toThrow(ArchiveLimitError);
});

it.each([
  ['a sparse file of old GNU', rawTarEntry({ name: 's', type: 'S', magic: 'ustar  \0' })],
  ['a sparse file of pax', Buffer.concat([paxHeader([['GNU.sparse.major', '1']]), rawTarEntry({ name: 's' })])],
  ['a part of a multi-volume archive', rawTarEntry({ name: 'm', type: 'M' })],
  ['an unknown type', rawTarEntry({ name: 'u', type: 'Q' })],
  ['no name', rawTarEntry({ name: '' })],
  ['a zero block within', Buffer.concat([Buffer.alloc(512), rawTarEntry({ name: 'f' })])],
])('readTar() refuses %s', async (_, entry) => {
  await expect(read(rawTar(entry))).rejects.toThrow(ArchiveInvalidError);
});

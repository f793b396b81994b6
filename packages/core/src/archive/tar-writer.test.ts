import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { extract } from 'tar-stream';
import { expect, it } from 'vitest';
import { inChunks, makeArchive, type MadeEntry } from '@shale/testing';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { decodePath, encodePath } from './path-bytes.ts';
import { readTar } from './tar-reader.ts';
import { TarWriter } from './tar-writer.ts';

const MIB = 1024 * 1024;

const file = (path: string, size: number): ArchiveEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  size,
});

/** Reads an archive into plain entries with their content. */
async function readAll(tar: Uint8Array, chunkBytes?: number): Promise<MadeEntry[]> {
  const found: MadeEntry[] = [];
  let content: Buffer[] = [];
  await readTar(inChunks(tar, chunkBytes), {
    entry(entry) {
      content = [];
      found.push(entry);
    },
    content(piece) {
      content.push(Buffer.from(piece));
    },
    end() {
      const last = found.at(-1) as MadeEntry;
      found[found.length - 1] = { ...last, content: Buffer.concat(content) };
    },
  });
  return found;
}

const nameBytes = fc
  .uint8Array({ minLength: 1, maxLength: 120 })
  .map((bytes) => decodePath(Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)))))
  .filter((name) => name !== '.' && name !== '..');
const path = fc
  .array(fc.oneof(fc.stringMatching(/^[a-z]{1,60}$/), nameBytes), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));
const id = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 2 ** 32 - 2 }));
const xattrs = fc.option(
  fc.dictionary(fc.stringMatching(/^user\.[a-z]{1,20}$/), fc.uint8Array({ maxLength: 300 }), { minKeys: 1 }),
  { nil: undefined },
);
const common = {
  path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: id,
  gid: id,
  mtimeSeconds: fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
  mtimeNanoseconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
  xattrs: xattrs.map((record) => record && new Map(Object.entries(record).map(([k, v]) => [k, Buffer.from(v)]))),
};
const none = fc.constant(undefined);
const links = {
  size: fc.constant(0),
  linkPath: path,
  content: fc.constant(Buffer.alloc(0)),
  deviceMajor: none,
  deviceMinor: none,
};
const nodes = { size: fc.constant(0), linkPath: none, content: fc.constant(Buffer.alloc(0)) };
const number = fc.integer({ min: 0, max: 2 ** 20 });
const anyEntry: fc.Arbitrary<MadeEntry> = fc.oneof(
  fc.record({ ...common, content: fc.uint8Array({ maxLength: 3000 }) }).map(({ content, ...rest }) => ({
    ...rest,
    type: 'file' as const,
    size: content.byteLength,
    content: Buffer.from(content),
    linkPath: undefined,
    deviceMajor: undefined,
    deviceMinor: undefined,
  })),
  fc.record({ ...common, ...nodes, type: fc.constantFrom('directory', 'fifo'), deviceMajor: none, deviceMinor: none }),
  fc.record({ ...common, ...links, type: fc.constantFrom('symlink', 'hardlink') }),
  fc.record({
    ...common,
    ...nodes,
    type: fc.constantFrom('character', 'block'),
    deviceMajor: number,
    deviceMinor: number,
  }),
);

it('readTar() reads back what TarWriter wrote, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEntry, { maxLength: 6 }),
      fc.integer({ min: 1, max: 2000 }),
      async (entries, chunk) => {
        const archive = await makeArchive(entries);
        expect(await readAll(archive, chunk)).toEqual(entries);
      },
    ),
    { numRuns: 300 },
  );
});

const TRICKY: readonly MadeEntry[] = [
  { path: 'plain.txt', content: 'hello\n' },
  { path: 'dir/', mode: 0o2755 },
  { path: 'dir/setuid', mode: 0o4755, content: 'x' },
  { path: 'big-owner', uid: 2 ** 31, gid: 4_294_967_294, content: '' },
  { path: 'edge-owner', uid: 0o7777777, gid: 0o10000000, content: '' },
  { path: 'early', mtimeSeconds: -2, mtimeNanoseconds: 500_000_000, content: '' },
  { path: 'exact', mtimeSeconds: 1_700_000_000, mtimeNanoseconds: 123_456_789, content: '' },
  { path: 'late', mtimeSeconds: 2 ** 34, content: '' },
  { path: 'ünï©ode/日本語', content: 'é' },
  { path: `long/${'n'.repeat(200)}`, content: 'long' },
  { path: `${'p'.repeat(90)}/${'q'.repeat(90)}`, content: 'prefix' },
  { path: 'caf\udce9', content: 'latin1' },
  { path: `caf\udce9/${'r'.repeat(200)}`, content: 'latin1 long' },
  { path: 'link', type: 'symlink', linkPath: '../anywhere', mode: 0o777 },
  { path: 'long-link', type: 'symlink', linkPath: `/${'t'.repeat(300)}`, mode: 0o777 },
  { path: 'hard', type: 'hardlink', linkPath: 'plain.txt' },
  { path: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
  { path: 'disk', type: 'block', deviceMajor: 300, deviceMinor: 70_000, mode: 0o600 },
  { path: 'pipe', type: 'fifo', mode: 0o600 },
  { path: 'odd\nname "quoted" \\', content: '' },
  { path: 'attributes', xattrs: new Map([['user.bytes', Buffer.from([0, 10, 255])]]), content: 'a' },
];

const PYTHON_LIST = `
import json, os, sys, tarfile
tar = tarfile.open(sys.argv[1])
for m in tar.getmembers():
    data = tar.extractfile(m).read().hex() if m.isreg() else ''
    print(json.dumps([os.fsencode(m.name).hex(), m.type.decode(), m.mode, m.uid, m.gid, m.size, repr(m.mtime), os.fsencode(m.linkname).hex(), m.devmajor, m.devminor, data]))
`;
const PYTHON_TYPES = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' };

it("TarWriter writes what Python's tarfile reads", async () => {
  await using scratch = await openScratchDirectory();
  const archive = join(scratch.path, 'a.tar');
  writeFileSync(archive, await makeArchive(TRICKY));
  const lines = execFileSync('python3', ['-c', PYTHON_LIST, archive], { encoding: 'utf8' }).trim().split('\n');
  const read = await readAll(await makeArchive(TRICKY));
  const hex = (text: string) => encodePath(text).toString('hex');
  expect(lines.map((line) => JSON.parse(line) as unknown[])).toEqual(
    read.map((entry) => [
      hex(entry.path),
      PYTHON_TYPES[entry.type ?? 'file'],
      entry.mode,
      entry.uid,
      entry.gid,
      entry.size,
      expect.any(String),
      hex(entry.linkPath ?? ''),
      entry.deviceMajor ?? 0,
      entry.deviceMinor ?? 0,
      Buffer.from(entry.content as Uint8Array).toString('hex'),
    ]),
  );
});

it('TarWriter writes what GNU tar extracts without a word', async () => {
  await using scratch = await openScratchDirectory();
  const archive = join(scratch.path, 'a.tar');
  writeFileSync(archive, await makeArchive(TRICKY));
  const environment = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const flags = ['--full-time', '--numeric-owner', '--quoting-style=literal', '-tvf'];
  const { stdout: listing, stderr } = spawnSync('tar', [...flags, archive], { encoding: 'latin1', env: environment });
  expect(stderr).toBe('');
  expect(listing).toContain('-rwsr-xr-x 0/0');
  expect(listing).toContain('2147483648/4294967294');
  expect(listing).toContain('2023-11-14 22:13:20.123456789 exact');
  expect(listing).toContain('caf\xe9\n');
  expect(listing).toContain(`caf\xe9/${'r'.repeat(200)}`);
  expect(listing).toContain(`${'p'.repeat(90)}/${'q'.repeat(90)}\n`);
  expect(listing).toContain('link -> ../anywhere');
  expect(listing).toContain('hard link to plain.txt');
  expect(listing).toMatch(/brw------- 0\/0\s+300,70000/);
  execFileSync('tar', ['-C', scratch.path, '-xf', archive, 'early', 'exact'], { stdio: 'ignore' });
  expect(lstatSync(join(scratch.path, 'early'), { bigint: true }).mtimeNs).toBe(-1_500_000_000n);
  expect(lstatSync(join(scratch.path, 'exact'), { bigint: true }).mtimeNs).toBe(1_700_000_000_123_456_789n);
});

it('TarWriter writes what tar-stream reads', async () => {
  const entries = TRICKY.filter(({ path }) => path.isWellFormed());
  const names: string[] = [];
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    names.push(header.name.replace(/\/$/, ''));
    stream.on('end', next).resume();
  });
  reader.end(await makeArchive(entries));
  await new Promise<void>((resolve, reject) => reader.on('finish', resolve).on('error', reject));
  expect(names).toEqual(entries.map(({ path }) => path.replace(/\/$/, '')));
});

it('TarWriter gives the same bytes for the same entries', async () => {
  expect(await makeArchive(TRICKY)).toEqual(await makeArchive(TRICKY));
});

it('TarWriter fills a file that shrank with zeros and cuts one that grew', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'file');
  writeFileSync(path, 'x'.repeat(1000));
  const chunks: Buffer[] = [];
  const tar = new TarWriter((chunk) => void chunks.push(Buffer.from(chunk)));
  for (const size of [3 * MIB, 10]) {
    const fd = openSync(path, 'r');
    void tar.entry(file(`size-${size}`, size), fd);
    closeSync(fd);
  }
  truncateSync(path, 0);
  const fd = openSync(path, 'r');
  void tar.entry(file('emptied', 600), fd);
  closeSync(fd);
  void tar.finish();
  const [shrunk, grown, emptied] = await readAll(Buffer.concat(chunks));
  expect(Buffer.from(shrunk?.content ?? '').equals(Buffer.concat([Buffer.alloc(1000, 'x')], 3 * MIB))).toBe(true);
  expect(grown?.content).toEqual(Buffer.from('xxxxxxxxxx'));
  expect(emptied?.content).toEqual(Buffer.alloc(600));
});

it('TarWriter waits for a sink that pushes back, and the bytes stay the same', async () => {
  const content = Buffer.alloc(3 * MIB + 77, 'abcdefg');
  const pack = async (delay: boolean) => {
    const chunks: Buffer[] = [];
    let isBusy = false;
    const tar = new TarWriter((chunk) => {
      expect(isBusy).toBe(false);
      if (!delay) return void chunks.push(Buffer.from(chunk));
      isBusy = true;
      return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        chunks.push(Buffer.from(chunk)); // still untouched
        isBusy = false;
      });
    });
    await using scratch = await openScratchDirectory();
    writeFileSync(join(scratch.path, 'file'), content);
    for (let index = 0; index < 3; index += 1) {
      const fd = openSync(join(scratch.path, 'file'), 'r');
      await tar.entry(file(`fd-${index}`, content.byteLength), fd);
      closeSync(fd);
      await tar.entry(file(`bytes-${index}`, content.byteLength), content);
      await tar.entry(file(`stream-${index}`, content.byteLength), inChunks(content, 100_000));
      await tar.entry({ ...file(`xattr-${index}`, 0), xattrs: new Map([['user.big', content.subarray(0, 2 * MIB)]]) });
    }
    await tar.finish();
    return Buffer.concat(chunks);
  };
  const [direct, delayed] = [await pack(false), await pack(true)];
  expect(delayed.equals(direct)).toBe(true);
});

it('TarWriter counts entries, and an archive without any is two zero blocks', () => {
  const chunks: Buffer[] = [];
  const tar = new TarWriter((chunk) => void chunks.push(Buffer.from(chunk)));
  expect(tar.entries).toBe(0);
  void tar.finish();
  expect(Buffer.concat(chunks)).toEqual(Buffer.alloc(1024));
});

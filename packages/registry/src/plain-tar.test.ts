import { execFile, spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { streamOf } from '@shale/core';
import { readTar } from '@shale/core/archive';
import { expect, it } from 'vitest';
import { PlainTar } from './plain-tar.ts';

const MAX_RSS_MIB = 220;

/** Collects what is written, and fails once it got more than `limit` bytes. */
function collector(limit: number = Number.POSITIVE_INFINITY) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      done(bytes > limit ? new Error('the sink is full') : null);
    },
  });
  sink.on('error', () => undefined);
  return { sink, bytes: () => Buffer.concat(chunks) };
}

it('writes the same bytes again, which GNU tar lists', async () => {
  const write = async () => {
    const { sink, bytes } = collector();
    const tar = await PlainTar.open(sink);
    await tar.directory('blobs');
    await tar.file('blobs/a', 3, streamOf(Buffer.from('abc')));
    await tar.file(`blobs/sha512/${'f'.repeat(128)}`, 0, streamOf());
    await tar.finish();
    expect(sink.writableEnded).toBe(false);
    return bytes();
  };
  const tar = await write();
  expect(await write()).toEqual(tar);
  const listed = spawnSync('tar', ['--numeric-owner', '--utc', '-tvf', '-'], { input: tar, encoding: 'utf8' });
  expect(listed.stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'drwxr-xr-x 0/0 0 1970-01-01 00:00 blobs/',
    '-rw-r--r-- 0/0 3 1970-01-01 00:00 blobs/a',
    `-rw-r--r-- 0/0 0 1970-01-01 00:00 blobs/sha512/${'f'.repeat(128)}`,
    '',
  ]);
});

it('refuses content of another size', async () => {
  const tar = await PlainTar.open(collector().sink);
  await expect(tar.file('a', 4, streamOf(Buffer.from('abc')))).rejects.toThrow('Size mismatch');
});

it('reports the failure of its content, of its sink, and an abort', async () => {
  const broken = await PlainTar.open(collector().sink);
  const failing = (async function* () {
    yield Buffer.from('a');
    throw new Error('the content is damaged');
  })();
  await expect(broken.file('a', 2, failing)).rejects.toThrow('the content is damaged');

  const full = await PlainTar.open(collector(100_000).sink);
  const pieces = Array<Uint8Array>(100).fill(Buffer.alloc(10_000));
  await expect(full.file('a', 1_000_000, streamOf(...pieces))).rejects.toThrow('the sink is full');

  const controller = new AbortController();
  const aborted = await PlainTar.open(collector().sink, { signal: controller.signal });
  const endless = (async function* () {
    for (;;) {
      yield Buffer.alloc(10);
      controller.abort(new Error('enough'));
    }
  })();
  await expect(aborted.file('a', 1000, endless)).rejects.toMatchObject({ name: 'AbortError' });
});

/** Runs apart, so that only the writer's memory is measured. Keeps the file's header and what follows its content. */
const PROGRAM = `
import { Writable } from 'node:stream';
import { PlainTar } from ${JSON.stringify(new URL('plain-tar.ts', import.meta.url).href)};

const size = 9 * 1024 ** 3;
const piece = Buffer.alloc(1024 * 1024);
let bytes = 0;
const kept = [];
const sink = new Writable({
  write(chunk, encoding, done) {
    if (bytes < 512 || bytes >= 512 + size) kept.push(chunk);
    bytes += chunk.byteLength;
    done();
  },
});
const tar = await PlainTar.open(sink);
await tar.file('big', size, (async function* () {
  for (let at = 0; at < size; at += piece.byteLength) yield piece;
})());
await tar.file('small', 1, (async function* () { yield Buffer.from('x'); })());
await tar.finish();
const archive = Buffer.concat(kept).toString('base64');
console.log(JSON.stringify({ archive, bytes, maxRssMib: process.resourceUsage().maxRSS / 1024 }));
`;

it('writes a file of 9 GiB in flat memory, with a size that GNU tar and readTar read', async () => {
  const options = ['--conditions=@shale/source', '--input-type=module', '-e', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: import.meta.dirname });
  const { archive, bytes, maxRssMib } = JSON.parse(stdout);
  expect(maxRssMib).toBeLessThan(MAX_RSS_MIB);
  expect(bytes).toBe(9 * 1024 ** 3 + 3 * 512 + 1024);
  const kept = Buffer.from(archive, 'base64');
  const listed = spawnSync('tar', ['-tvf', '-'], { input: kept.subarray(0, 512), encoding: 'utf8' });
  expect(listed.stdout).toMatch(/ 9663676416 .* big\n/);
  const entries: [string, number][] = [];
  const reading = readTar(streamOf(kept.subarray(0, 512)), {
    entry: ({ path, size }) => void entries.push([path, size]),
  });
  await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' }); // the content was not kept
  await readTar(streamOf(kept.subarray(512)), { entry: ({ path, size }) => void entries.push([path, size]) });
  expect(entries).toEqual([
    ['big', 9 * 1024 ** 3],
    ['small', 1],
  ]);
});

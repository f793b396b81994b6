import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { inChunks } from '@shale/testing';
import type { DecompressOptions } from './decompression.ts';
import { decompress, sniffCompression } from './decompression.ts';
import { ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import { readBytes } from '../verify-blob.ts';

const MIB = 1024 * 1024;
const input = Buffer.concat([Buffer.alloc(2 * MIB + 3, 'some text\n'), randomBytes(200_000)]);

const through = (bytes: Uint8Array, options?: DecompressOptions, chunkBytes = 100_000) =>
  readBytes(decompress(inChunks(bytes, chunkBytes), options));

it.each([
  ['gzip', gzipSync(input)],
  ['gzip of two members', Buffer.concat([gzipSync(input.subarray(0, MIB)), gzipSync(input.subarray(MIB))])],
  ['gzip padded with zeros', Buffer.concat([gzipSync(input), Buffer.alloc(1000)])],
  ['zstd', zstdCompressSync(input)],
  ['zstd of two frames', Buffer.concat([zstdCompressSync(input.subarray(0, 9)), zstdCompressSync(input.subarray(9))])],
  ['zstd of the program', execFileSync('zstd', ['-19', '-c'], { input, maxBuffer: 8 * MIB })],
  ['nothing', input],
])('decompress() reads %s, in chunks of any size', async (_, bytes) => {
  expect(Buffer.from(await through(bytes)).equals(input)).toBe(true);
  expect(Buffer.from(await through(bytes, undefined, bytes.byteLength)).equals(input)).toBe(true);
});

it('decompress() reads tiny and empty content', async () => {
  for (const text of ['', 'a', 'BZ', '1234567']) {
    expect(Buffer.from(await through(Buffer.from(text), undefined, 1)).toString()).toBe(text);
    expect(Buffer.from(await through(gzipSync(text), undefined, 1)).toString()).toBe(text);
    expect(Buffer.from(await through(zstdCompressSync(text), undefined, 1)).toString()).toBe(text);
  }
});

it('decompress() yields chunks of at most a MiB', async () => {
  for await (const chunk of decompress(inChunks(gzipSync(input)))) expect(chunk.byteLength).toBeLessThanOrEqual(MIB);
});

it.each([
  ['gzip', gzipSync(input)],
  ['zstd', zstdCompressSync(input)],
])('decompress() refuses %s that is cut', async (_, bytes) => {
  for (const part of [0.1, 0.5, 0.99]) {
    await expect(through(bytes.subarray(0, bytes.byteLength * part))).rejects.toThrow(ArchiveInvalidError);
  }
});

it.each([
  ['gzip', gzipSync(input)],
  ['zstd', zstdCompressSync(input)],
])('decompress() refuses %s with junk after its end', async (_, bytes) => {
  for (const chunkBytes of [bytes.byteLength, bytes.byteLength + 5, 1000]) {
    const junk = Buffer.concat([bytes, Buffer.from('junk!')]);
    await expect(through(junk, undefined, chunkBytes), `chunks of ${chunkBytes}`).rejects.toThrow(ArchiveInvalidError);
  }
});

it('decompress() stops a gzip bomb early', async () => {
  const bomb = Buffer.concat(Array.from({ length: 3 }, () => gzipSync(Buffer.alloc(64 * MIB), { level: 9 })));
  expect(gunzipSync(bomb).byteLength).toBe(192 * MIB);
  let bytes = 0;
  const reading = (async () => {
    for await (const chunk of decompress(inChunks(bomb, 1000))) bytes += chunk.byteLength;
  })();
  await expect(reading).rejects.toThrow(ArchiveLimitError);
  expect(bytes).toBeLessThan(100 * MIB);
  await expect(through(bomb, { maxRatio: Number.POSITIVE_INFINITY, maxBytes: MIB })).rejects.toThrow(ArchiveLimitError);
});

it('decompress() refuses a zstd frame that asks for a window of 8 GiB', async () => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (33 - 10) << 3, 0x01, 0x00, 0x00]);
  await expect(through(header)).rejects.toThrow(ArchiveInvalidError);
});

it('decompress() decompresses once, and the content decides how', async () => {
  const twice = gzipSync(gzipSync('inner'));
  expect(sniffCompression(await through(twice))).toBe('gzip');
});

it.each(['bzip2', 'xz'])('decompress() reads %s through the program', async (program) => {
  const bytes = execFileSync(program, ['-c'], { input, maxBuffer: 8 * MIB });
  expect(sniffCompression(bytes)).toBe(program);
  expect(Buffer.from(await through(bytes)).equals(input)).toBe(true);
  await expect(through(bytes.subarray(0, bytes.byteLength / 2))).rejects.toThrow(ArchiveInvalidError);
  await expect(through(Buffer.concat([bytes, Buffer.from('junk!')]))).rejects.toThrow(/ArchiveInvalidError|damaged/);
  await expect(through(bytes, { maxBytes: 1000 })).rejects.toThrow(ArchiveLimitError);
});

it('decompress() passes on the failure of its source, and stops it when it is left', async () => {
  let isStopped = false;
  const source = (async function* () {
    try {
      yield gzipSync(input).subarray(0, 1000);
      throw new Error('connection reset');
    } finally {
      isStopped = true;
    }
  })();
  await expect(readBytes(decompress(source))).rejects.toThrow('connection reset');
  expect(isStopped).toBe(true);
  isStopped = false;
  const member = gzipSync(input);
  const endless = (async function* () {
    try {
      for (;;) yield member;
    } finally {
      isStopped = true;
    }
  })();
  for await (const chunk of decompress(endless)) if (chunk.byteLength > 0) break;
  await expect.poll(() => isStopped).toBe(true);
});

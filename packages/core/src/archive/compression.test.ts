import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Compression } from './compression.ts';
import { compressorFor } from './compression.ts';
import { sha256 } from '../digest.ts';

const MIB = 1024 * 1024;

async function compress(compression: Compression, input: Buffer, chunkBytes = input.byteLength): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const compressor = compressorFor(compression, (chunk) => void chunks.push(Uint8Array.from(chunk)));
  for (let at = 0; at < input.byteLength; at += chunkBytes) {
    const piece = Buffer.from(input.subarray(at, at + chunkBytes));
    await compressor.write(piece);
    piece.fill(0xff); // the caller's again
  }
  await compressor.end();
  return Buffer.concat(chunks);
}

/** Compressible, incompressible and empty stretches. */
const mixed = Buffer.concat([
  Buffer.alloc(2 * MIB + 3, 'some text that repeats itself\n'),
  randomBytes(2 * MIB),
  Buffer.alloc(MIB),
  randomBytes(70_000),
]);

it.each([
  ['gzip', 'gzip'],
  ['zstd', 'zstd'],
] as const)('compressorFor() writes what %s accepts and reads back', async (algorithm, program) => {
  for (const input of [mixed, Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(MIB), Buffer.alloc(MIB + 1, 'a')]) {
    const compressed = await compress({ algorithm, level: 1 }, input);
    expect(spawnSync(program, ['-t'], { input: compressed }).status).toBe(0);
    const back = execFileSync(program, ['-dc'], { input: compressed, maxBuffer: 32 * MIB });
    expect(back.equals(input)).toBe(true);
  }
});

it.each(['gzip', 'zstd'] as const)('compressorFor() gives %s bytes that do not depend on chunks', async (algorithm) => {
  const whole = await compress({ algorithm }, mixed);
  for (const chunkBytes of [MIB, 12_345, 3 * MIB + 1]) {
    expect(sha256(await compress({ algorithm }, mixed, chunkBytes))).toBe(sha256(whole));
  }
});

it.each([0, 1, 6, 9])('compressorFor() makes a member of each MiB as zlib alone does at level %i', async (level) => {
  const input = Buffer.concat([
    Buffer.from(randomBytes(5 * MIB).toString('hex')),
    Buffer.alloc(2 * MIB + 3, 'some text\n'),
  ]);
  const members = Array.from({ length: Math.ceil(input.byteLength / MIB) }, (_, index) => {
    const block = input.subarray(index * MIB, (index + 1) * MIB);
    return gzipSync(block, { level, memLevel: constants.Z_MAX_MEMLEVEL, chunkSize: 2 * MIB });
  });
  expect(sha256(await compress({ algorithm: 'gzip', level }, input))).toBe(sha256(Buffer.concat(members)));
});

it('compressorFor() passes everything on for none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      expect(await compress({ algorithm: 'none' }, Buffer.from(bytes), 7)).toEqual(Buffer.from(bytes));
    }),
  );
});

it('compressorFor() stores what does not shrink, and compresses what only looks random', async () => {
  const block = randomBytes(MIB);
  const random = await compress({ algorithm: 'gzip', level: 9 }, block);
  expect(random.byteLength).toBeGreaterThan(MIB);
  expect(random.byteLength).toBeLessThan(MIB + 200);
  const twice = await compress({ algorithm: 'gzip', level: 9 }, Buffer.concat([block, block]));
  expect(twice.equals(Buffer.concat([random, random]))).toBe(true); // blocks are judged by themselves
  const flat = Buffer.alloc(MIB, Buffer.from(Array.from({ length: 256 }, (_, index) => index)));
  expect((await compress({ algorithm: 'gzip' }, flat)).byteLength).toBeLessThan(MIB / 50);
  const repeated = Buffer.alloc(MIB, randomBytes(16 * 1024));
  expect((await compress({ algorithm: 'gzip' }, repeated)).byteLength).toBeLessThan(MIB / 10);
});

it('compressorFor() lets a slow sink slow the caller down', async () => {
  let waiting = 0;
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const compressor = compressorFor({ algorithm: 'gzip', level: 1 }, () => gate);
  const chunk = Buffer.alloc(MIB);
  const writing = (async () => {
    for (; waiting < 100; waiting += 1) await compressor.write(chunk);
  })();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(waiting).toBeLessThan(12);
  release();
  await writing;
  await compressor.end();
});

it('compressorFor() passes on what the sink throws', async () => {
  const compressor = compressorFor({ algorithm: 'zstd' }, () => {
    throw new Error('disk full');
  });
  await compressor.write(Buffer.from('x'));
  await expect(compressor.end()).rejects.toThrow('disk full');
});

import { execFileSync } from 'node:child_process';
import { inChunks, rawTar, rawTarEntry, TAR_END } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { isArchive, looksLikeArchive } from './sniff-archive.ts';

const archive = rawTar(rawTarEntry({ name: 'without/parent' }, 'x'));
const text = Buffer.from('no archive at all, only text');
const compress = (program: string, input: Uint8Array) =>
  execFileSync(program, ['-c'], { input, stdio: ['pipe', 'pipe', 'ignore'] });

function signedChecksum(name: string): string {
  const header = rawTarEntry({ name, checksum: '        ' }, 'x').subarray(0, 512);
  const sum = [...new Int8Array(header)].reduce((total, byte) => total + byte, 0);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

const PLAIN = [
  ['a tar', archive],
  ['a tar of an old tool, without magic', rawTar(rawTarEntry({ name: 'old', magic: '' }, 'x'))],
  ['a tar whose checksum sums signed bytes', rawTar(rawTarEntry({ name: 'nü', checksum: signedChecksum('nü') }, 'x'))],
] as const;

const OTHER: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('x'.repeat(2000))],
  ['an empty archive', TAR_END],
  ['a header with a wrong checksum', rawTarEntry({ name: 'f', checksum: 1 })],
  ['an archive with something before it', Buffer.concat([Buffer.from('#!'), archive])],
];

describe('isArchive()', () => {
  it.each(['gzip', 'bzip2', 'xz', 'zstd'])('recognizes a tar in %s by its content', async (program) => {
    expect(await isArchive(inChunks(compress(program, archive), 100))).toBe(true);
    expect(await isArchive(inChunks(compress(program, text)))).toBe(false);
    expect(await isArchive(inChunks(compress(program, archive).subarray(0, 12)))).toBe(false);
  });

  it.each(PLAIN)('recognizes %s', async (_, content) => {
    expect(await isArchive(inChunks(content, 100))).toBe(true);
  });

  it.each(OTHER)('takes %s for a file', async (_, content) => {
    expect(await isArchive(inChunks(content))).toBe(false);
  });

  it('closes what it reads from, however little it read', async () => {
    let closed = 0;
    async function* endless(chunk: Uint8Array) {
      try {
        for (;;) yield chunk;
      } finally {
        closed += 1;
      }
    }
    await isArchive(endless(archive));
    await isArchive(endless(compress('gzip', archive)));
    expect(closed).toBe(2);
  });
});

describe('looksLikeArchive()', () => {
  it.each(['gzip', 'bzip2', 'xz', 'zstd'])('is true for whatever %s compressed', (program) => {
    expect(looksLikeArchive(compress(program, archive))).toBe(true);
    expect(looksLikeArchive(compress(program, text))).toBe(true);
  });

  it.each(PLAIN)('is true for %s', (_, content) => expect(looksLikeArchive(content)).toBe(true));
  it.each(OTHER)('is false for %s', (_, content) => expect(looksLikeArchive(content)).toBe(false));
});

import { expect, it } from 'vitest';
import { inChunks } from '@shale/testing';
import type { BlobSource } from './blob-store.ts';
import { sha256 } from './digest.ts';
import { DigestMismatchError, SizeMismatchError } from './errors.ts';
import { consumeBlob, readBytes, verifyBlob } from './verify-blob.ts';

const bytes = Buffer.from('some content');
const blob = { digest: sha256(bytes), size: bytes.byteLength };

it('verifyBlob() passes on what is right', async () => {
  expect(Buffer.from(await readBytes(verifyBlob(blob, inChunks(bytes, 5)))).toString()).toBe('some content');
  const empty = { digest: sha256(''), size: 0 };
  expect(await readBytes(verifyBlob(empty, inChunks(Buffer.alloc(0))))).toHaveLength(0);
});

it('verifyBlob() refuses a flipped bit', async () => {
  const flipped = Buffer.from(bytes);
  flipped[3] = (flipped[3] ?? 0) ^ 1;
  await expect(readBytes(verifyBlob(blob, inChunks(flipped)))).rejects.toThrow(DigestMismatchError);
});

it('verifyBlob() refuses a body that is short, and one that never ends', async () => {
  await expect(readBytes(verifyBlob(blob, inChunks(bytes.subarray(1))))).rejects.toThrow(SizeMismatchError);
  let given = 0;
  const endless = (async function* () {
    for (;;) {
      given += 1;
      yield bytes;
    }
  })();
  await expect(readBytes(verifyBlob(blob, endless))).rejects.toThrow(SizeMismatchError);
  expect(given).toBe(2);
});

it('consumeBlob() tells of damaged bytes, whatever they broke first, and of nothing else', async () => {
  const good = Buffer.from('what it should be');
  const blob = { mediaType: 'text/plain', digest: sha256(good), size: good.byteLength };
  const sourceOf = (bytes: Buffer): BlobSource => ({
    stat: async () => bytes.byteLength,
    read: (wanted) => verifyBlob(wanted, inChunks(bytes, 4)),
  });
  const refuse = async (content: AsyncIterable<Uint8Array>): Promise<never> => {
    for await (const _ of content) throw new Error('not understood');
    throw new Error('empty');
  };
  const damaged = Buffer.from('what it should bE');
  await expect(consumeBlob({ blob, blobs: sourceOf(damaged) }, refuse)).rejects.toThrow(DigestMismatchError);
  await expect(consumeBlob({ blob, blobs: sourceOf(good) }, refuse)).rejects.toThrow('not understood');
  expect(await consumeBlob({ blob, blobs: sourceOf(good) }, readBytes)).toEqual(good);
});

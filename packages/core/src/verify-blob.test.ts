import { expect, it } from 'vitest';
import { inChunks } from '@shale/testing';
import { sha256 } from './digest.ts';
import { DigestMismatchError, SizeMismatchError } from './errors.ts';
import { readBytes, verifyBlob } from './verify-blob.ts';

const bytes = Buffer.from('some content');
const blob = { digest: sha256(bytes), size: bytes.byteLength };

it('verifyBlob() passes on what is right', async () => {
  expect(Buffer.from(await readBytes(verifyBlob(blob, inChunks(bytes, 5)))).toString()).toBe('some content');
  const empty = { digest: sha256(''), size: 0 };
  expect(await readBytes(verifyBlob(empty, inChunks(Buffer.alloc(0))))).toHaveLength(0);
});

it('S45 a flipped bit', async () => {
  const flipped = Buffer.from(bytes);
  flipped[3] = (flipped[3] ?? 0) ^ 1;
  await expect(readBytes(verifyBlob(blob, inChunks(flipped)))).rejects.toThrow(DigestMismatchError);
});

it('S46 a body that is short, and one that never ends', async () => {
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

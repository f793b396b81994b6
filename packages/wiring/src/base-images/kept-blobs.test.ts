import { readFileSync, writeFileSync } from 'node:fs';
import { blobDirectory, DigestMismatchError, readBytes, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { keptBlobs } from './kept-blobs.ts';

const bytes = Buffer.from('a layer');
const blob = { mediaType: 'text/plain', digest: sha256(bytes), size: bytes.byteLength };

it('keptBlobs() fetches a blob once, and again when the kept one is damaged', async () => {
  await using scratch = await openScratchDirectory();
  const local = blobDirectory(scratch.path);
  let fetched = 0;
  const remote = {
    stat: async () => blob.size,
    async *read() {
      fetched += 1;
      yield bytes;
    },
  };
  const read = () => readBytes(keptBlobs(remote, local).read(blob));
  expect([await read(), await read(), fetched]).toEqual([bytes, bytes, 1]);
  writeFileSync(local.pathOf(blob.digest), readFileSync(local.pathOf(blob.digest)).reverse());
  await expect(read()).rejects.toThrow(DigestMismatchError);
  expect([await read(), fetched]).toEqual([bytes, 2]);
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inChunks, makeLayer } from '@shale/testing';
import { blobDirectory } from '../blob-directory.ts';
import { sha256 } from '../digest.ts';
import { DigestMismatchError } from '../errors.ts';
import { EMPTY_DIFF_ID } from '../layer.ts';
import { MediaType } from '../media-type.ts';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { unpackLayer } from './unpack-layer.ts';

it.each(['gzip', 'zstd', 'none'] as const)('unpackLayer() unpacks a %s layer from a store', async (algorithm) => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(join(scratch.path, 'store'));
  const layer = await makeLayer(store, [{ path: 'etc/motd', content: 'hello' }, { path: 'etc/.wh.issue' }], {
    algorithm,
  });
  const root = join(scratch.path, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/issue'), '');
  const seen: number[] = [];
  await unpackLayer(store.read(layer.descriptor), layer, root, {
    whiteouts: 'apply',
    onBytes: (n) => void seen.push(n),
  });
  expect(execFileSync('find', ['.', '-type', 'f'], { cwd: root, encoding: 'utf8' })).toBe('./etc/motd\n');
  expect(readFileSync(join(root, 'etc/motd'), 'utf8')).toBe('hello');
  expect(seen.at(-1)).toBeGreaterThan(1024);
});

it('unpackLayer() refuses a layer whose DiffID is not that of the image config', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(join(scratch.path, 'store'));
  const layer = await makeLayer(store, [{ path: 'x', content: '' }]);
  const swapped = { ...layer, diffId: EMPTY_DIFF_ID };
  const root = join(scratch.path, 'root');
  mkdirSync(root);
  await expect(unpackLayer(store.read(layer.descriptor), swapped, root, { whiteouts: 'apply' })).rejects.toThrow(
    DigestMismatchError,
  );
});

it('unpackLayer() takes an empty layer, as some tools write it: two zero blocks, or nothing', async () => {
  await using scratch = await openScratchDirectory();
  for (const bytes of [Buffer.alloc(1024), Buffer.alloc(0)]) {
    const descriptor = { mediaType: MediaType.ociLayer, digest: sha256(bytes), size: bytes.byteLength };
    await unpackLayer(inChunks(bytes, 512), { descriptor, diffId: sha256(bytes) }, scratch.path, {
      whiteouts: 'overlay',
    });
  }
});

it('unpackLayer() hashes what follows the end of the archive', async () => {
  await using scratch = await openScratchDirectory();
  const warnings: string[] = [];
  const bytes = Buffer.concat([Buffer.alloc(10_240), Buffer.from('trailer')]);
  const layer = {
    descriptor: { mediaType: MediaType.ociLayer, digest: sha256(bytes), size: 1 },
    diffId: sha256(bytes),
  };
  const onWarning = (message: string) => void warnings.push(message);
  await unpackLayer(inChunks(bytes, 1000), layer, scratch.path, { whiteouts: 'apply', onWarning });
  expect(warnings).toHaveLength(1);
});

it('unpackLayer() runs no decompressor, whatever PATH offers', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(join(scratch.path, 'store'));
  const layer = await makeLayer(store, [{ path: 'f', content: 'x' }]);
  const marker = join(scratch.path, 'marker');
  for (const name of ['gzip', 'unpigz', 'zstd', 'gunzip']) {
    writeFileSync(join(scratch.path, name), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  }
  const root = join(scratch.path, 'root');
  mkdirSync(root);
  const path = process.env['PATH'];
  process.env['PATH'] = scratch.path;
  try {
    await unpackLayer(store.read(layer.descriptor), layer, root, { whiteouts: 'apply' });
  } finally {
    process.env['PATH'] = path;
  }
  expect(() => readFileSync(marker)).toThrow('ENOENT');
});

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inChunks, makeArchive, makeLayer } from '@shale/testing';
import { addPath } from './add-path.ts';
import { blobDirectory } from '../blob-directory.ts';
import { sha256 } from '../digest.ts';
import { EMPTY_DIFF_ID } from '../layer.ts';
import { MediaType } from '../media-type.ts';
import { openScratchDirectory } from '../files/scratch-directory.ts';
import { layerMediaType, writeLayer } from './write-layer.ts';

const MIB = 1024 * 1024;
const entries = [
  { path: 'd/' },
  { path: 'd/random', content: randomBytes(2 * MIB) },
  { path: 'text', content: 'x'.repeat(MIB) },
];

it.each(['gzip', 'zstd', 'none'] as const)(
  'writeLayer() stores a %s layer whose digests are right',
  async (algorithm) => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(scratch.path);
    const layer = await makeLayer(store, entries, { algorithm });
    expect(layer.diffId).toBe(sha256(await makeArchive(entries)));
    const path = store.pathOf(layer.descriptor.digest);
    const program = { gzip: ['gzip', '-dc'], zstd: ['zstd', '-dc'], none: ['cat'] }[algorithm];
    const tar = execFileSync('sh', ['-c', `${program.join(' ')} < ${path}`], { maxBuffer: 16 * MIB });
    expect(sha256(tar)).toBe(layer.diffId);
    expect(await store.stat(layer.descriptor.digest)).toBe(layer.descriptor.size);
  },
);

it('writeLayer() gives an equal layer for equal entries', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  expect(await makeLayer(store, entries)).toEqual(await makeLayer(store, entries));
});

it('writeLayer() without entries has the DiffID of the empty layer', async () => {
  await using scratch = await openScratchDirectory();
  const layer = await writeLayer(blobDirectory(scratch.path), () => {}, { compression: { algorithm: 'gzip' } });
  expect(layer.diffId).toBe(EMPTY_DIFF_ID);
});

it('writeLayer() stores nothing when the entries fail, or when it is asked to stop', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const compression = { algorithm: 'gzip' } as const;
  const failing = writeLayer(store, (tar) => addPath(tar, '/nonexistent', 'x', { hardLinks: new Map() }), {
    compression,
  });
  await expect(failing).rejects.toThrow('ENOENT');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(writeLayer(store, () => {}, { compression, signal })).rejects.toThrow('enough');
  expect(readdirSync(scratch.path)).toEqual(['ingest']);
  expect(readdirSync(join(scratch.path, 'ingest'))).toEqual([]);
});

it('layerMediaType() names the compression in either family', () => {
  expect(layerMediaType('gzip')).toBe(MediaType.ociLayerGzip);
  expect(layerMediaType('zstd', 'docker')).toBe(MediaType.dockerLayerZstd);
  expect(layerMediaType('none', 'docker')).toBe(MediaType.dockerLayer);
});

it('writeLayer() and unpackLayer() stay within 200 MiB for a layer of 512 MiB', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shale-memory-'));
  try {
    const script = `
      import { blobDirectory } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
      import { unpackLayer, writeLayer } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
      import { mkdirSync } from 'node:fs';
      const chunk = Buffer.alloc(1 << 20, 'not quite random ' + Math.random());
      const store = blobDirectory(${JSON.stringify(directory)});
      const metadata = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
      const content = async function* () { for (let at = 0; at < 512; at += 1) yield chunk; };
      const layer = await writeLayer(
        store,
        (tar) => tar.entry({ ...metadata, path: 'big', size: 512 << 20 }, content()),
        { compression: { algorithm: 'gzip', level: 1 } },
      );
      const root = ${JSON.stringify(join(directory, 'root'))};
      mkdirSync(root);
      await unpackLayer(store.read(layer.descriptor), layer, root, { whiteouts: 'apply' });
      process.stdout.write(String(process.resourceUsage().maxRSS));
    `;
    writeFileSync(join(directory, 'script.mjs'), script);
    const output = execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(directory, 'script.mjs')],
      {
        encoding: 'utf8',
      },
    );
    expect(Number(output) / 1024).toBeLessThan(200);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('writeLayer() takes entries from a stream', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const [entry] = [
    { path: 'f', type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 } as const,
  ];
  const layer = await writeLayer(store, (tar) => tar.entry({ ...entry, size: 5 }, inChunks(Buffer.from('12345'), 2)), {
    compression: { algorithm: 'none' },
  });
  expect(layer.diffId).toBe(sha256(await makeArchive([{ path: 'f', content: '12345' }])));
});

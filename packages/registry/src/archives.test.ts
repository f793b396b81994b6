import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  formatManifest,
  type Image,
  type ImageStore,
  loadImage,
  MediaType,
  parseReference,
  readBytes,
  sha256,
  streamOf,
} from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { makeImage, makeIndex, makeTar } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { openDockerArchive } from './docker-archive.ts';
import { openLayout } from './layout.ts';
import { openLayoutTar } from './layout-tar.ts';
import { type NamedImage, writeDockerArchive, writeLayoutTar } from './write-archive.ts';

const run = promisify(execFile);
const platform = { os: 'linux', architecture: 'amd64' };
const origin = { source: 'test', name: 'test' };
const layers = [
  { 'etc/': '', 'etc/motd': 'hello' },
  { 'srv/': '', 'srv/data': 'x'.repeat(3_000_000) },
];

type WriteArchive = (
  images: NamedImage<Image>[],
  sink: NodeJS.WritableStream & import('node:stream').Writable,
) => Promise<void>;

async function writeTo(
  path: string,
  write: WriteArchive,
  image: Image,
  names: readonly string[] = [],
): Promise<Buffer> {
  const sink = createWriteStream(path);
  await write([{ source: image, names: names.map(parseReference) }], sink);
  sink.end();
  await finished(sink);
  return readFile(path);
}

async function readAll(store: ImageStore, image: Image): Promise<readonly Buffer[]> {
  return Promise.all(image.layers.map(async ({ descriptor }) => Buffer.from(await readBytes(store.read(descriptor)))));
}

describe('writeLayoutTar()', () => {
  it('writes the same bytes again, which skopeo and umoci read', async () => {
    await using scratch = await openScratchDirectory();
    const image = await makeImage(openLayout(join(scratch.path, 'store')), { layers });
    const path = join(scratch.path, 'image.tar');
    const first = await writeTo(path, writeLayoutTar, image, ['app:v1']);
    expect(await writeTo(join(scratch.path, 'again.tar'), writeLayoutTar, image, ['app:v1'])).toEqual(first);
    const { stdout } = await run('skopeo', ['inspect', `oci-archive:${path}`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: image.manifest.digest });
    await mkdir(join(scratch.path, 'oci'));
    await run('tar', ['-xf', path, '-C', join(scratch.path, 'oci')]);
    await run('umoci', ['unpack', '--rootless', '--image', `${join(scratch.path, 'oci')}:v1`, join(scratch.path, 'b')]);
    expect(await readFile(join(scratch.path, 'b/rootfs/etc/motd'), 'utf8')).toBe('hello');
  });

  it('writes an index with its images', async () => {
    await using scratch = await openScratchDirectory();
    const store = openLayout(join(scratch.path, 'store'));
    const images = [await makeImage(store, { layers }), await makeImage(store, { layers, architecture: 'arm64' })];
    const { digest } = await makeIndex(store, images, 'multi');
    const index = await store.getManifest(digest);
    if (index === undefined) throw new Error('unreachable');
    const path = join(scratch.path, 'image.tar');
    const sink = createWriteStream(path);
    await writeLayoutTar([{ source: { index, images }, names: [parseReference('app:multi')] }], sink);
    sink.end();
    await finished(sink);
    await using archive = await openLayoutTar(path);
    for (const image of images) {
      const options = { platform: image.config, origin };
      expect((await loadImage(archive, 'multi', options))?.manifest.digest).toBe(image.manifest.digest);
    }
  });

  it('fails when the sink does, and when a layer is not what it should be', async () => {
    await using scratch = await openScratchDirectory();
    const image = await makeImage(openLayout(join(scratch.path, 'store')), { layers });
    const sink = createWriteStream(join(scratch.path, 'none/image.tar'));
    sink.on('error', () => undefined);
    await expect(writeLayoutTar([{ source: image }], sink)).rejects.toMatchObject({ code: 'ENOENT' });
    const wrong = { ...image, blobs: openLayout(join(scratch.path, 'empty')) };
    const other = createWriteStream(join(scratch.path, 'image.tar'));
    await expect(writeLayoutTar([{ source: wrong }], other)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    other.destroy();
  });
});

describe('openLayoutTar()', () => {
  it.each([false, true])('reads an image back (compressed: %s)', async (compressed) => {
    await using scratch = await openScratchDirectory();
    const store = openLayout(join(scratch.path, 'store'));
    const image = await makeImage(store, { layers });
    const path = join(scratch.path, 'image.tar');
    const bytes = await writeTo(path, writeLayoutTar, image, ['app:v1']);
    if (compressed) await writeFile(path, gzipSync(bytes));
    await using archive = await openLayoutTar(path);
    const found = await loadImage(archive, 'v1', { platform, origin });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
    expect(found && (await readAll(archive, found))).toEqual(await readAll(store, image));
    await expect(archive.putManifest('v2', image.manifest)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(await archive.getManifest('v2')).toBeUndefined();
  });

  it('refuses an archive that is no layout', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'other.tar');
    await writeFile(path, await makeTar({ 'a.txt': 'a' }));
    await expect(openLayoutTar(path)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });
});

describe('writeDockerArchive()', () => {
  it.each(['gzip', 'none'] as const)('writes what skopeo takes for a docker archive (%s)', async (compression) => {
    await using scratch = await openScratchDirectory();
    const image = await makeImage(openLayout(join(scratch.path, 'store')), { layers, compression });
    const path = join(scratch.path, 'image.tar');
    const names = ['app:v1', '127.0.0.1:5000/team/app:v2'];
    const first = await writeTo(path, writeDockerArchive, image, names);
    expect(await writeTo(join(scratch.path, 'again.tar'), writeDockerArchive, image, names)).toEqual(first);
    const { stdout } = await run('skopeo', ['inspect', '--config', `docker-archive:${path}:docker.io/library/app:v1`]);
    expect(JSON.parse(stdout).rootfs.diff_ids).toEqual(image.layers.map(({ diffId }) => diffId));
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', `docker-archive:${path}`, `dir:${scratch.path}/dir`]);
  });

  it('unpacks zstd layers, and is read back', async () => {
    await using scratch = await openScratchDirectory();
    const store = openLayout(join(scratch.path, 'store'));
    const image = await makeZstdImage(store);
    const path = join(scratch.path, 'image.tar');
    await writeTo(path, writeDockerArchive, image, ['app:v1']);
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', `docker-archive:${path}`, `dir:${scratch.path}/dir`]);
    await using archive = await openDockerArchive(path);
    const found = await loadImage(archive, 'app:v1', { platform, origin });
    expect(found?.layers.map(({ descriptor }) => descriptor.digest)).toEqual(image.layers.map(({ diffId }) => diffId));
  });
});

describe('openDockerArchive()', () => {
  it('reads what skopeo wrote, links among it', async () => {
    await using scratch = await openScratchDirectory();
    const store = openLayout(join(scratch.path, 'store'));
    const same = { 'a.txt': 'same' };
    const image = await makeImage(store, { layers: [same, ...layers, same], tag: 'v1' });
    const path = join(scratch.path, 'docker.tar');
    const [from, to] = [`oci:${join(scratch.path, 'store')}:v1`, `docker-archive:${path}:app:v1`];
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', from, to]);
    await using archive = await openDockerArchive(path);
    const found = await loadImage(archive, 'v1', { platform, origin });
    const plain = (await readAll(store, image)).map((bytes) => gunzipSync(bytes));
    expect(found && (await readAll(archive, found))).toEqual(plain);
    const tags: string[] = [];
    for await (const tag of archive.listTags()) tags.push(tag);
    expect(tags).toEqual(['v1']);
  });

  it('does not follow paths out of the archive', async () => {
    await using scratch = await openScratchDirectory();
    const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [sha256('x')] } });
    const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['a:b'], Layers: ['../../../../etc/passwd'] }]);
    const path = join(scratch.path, 'docker.tar');
    await writeFile(path, await makeTar({ 'c.json': config, 'manifest.json': manifest }));
    await expect(openDockerArchive(path)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });
});

async function makeZstdImage(store: ImageStore): Promise<Image> {
  const image = await makeImage(store, { layers, compression: 'none' });
  const zstd = [];
  for (const bytes of await readAll(store, image)) {
    const content = zstdCompressSync(bytes);
    const layer = { mediaType: MediaType.ociLayerZstd, digest: sha256(content), size: content.byteLength };
    await store.put(layer, () => streamOf(content));
    zstd.push(layer);
  }
  const manifest = formatManifest({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: image.configDescriptor,
    layers: zstd,
  });
  await store.putManifest('zstd', manifest);
  const loaded = await loadImage(store, 'zstd', { platform, origin });
  if (loaded === undefined) throw new Error('unreachable');
  return loaded;
}

import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, open, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest, Image, Platform, RawManifest, Reference } from '@shale/core';
import { digestHex, parseReference, readBytes, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { makeImage, makeIndex, rawTar, rawTarEntry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import type { BaseImageCacheEvent, BaseImageCacheOptions } from './base-image-cache.ts';
import { baseImageCache } from './base-image-cache.ts';
import { formatWarmedPointer, parseWarmedPointer, warmedPaths } from './warmed-format.ts';

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const ARM64: Platform = { os: 'linux', architecture: 'arm64' };
const TAG = parseReference('127.0.0.1:5000/debian:12');

async function openDirectory(options: BaseImageCacheOptions = {}) {
  const scratch = await openScratchDirectory();
  const path = join(scratch.path, 'images');
  await mkdir(path);
  const paths = warmedPaths(path);
  const events: BaseImageCacheEvent[] = [];
  const layout = openLayout(join(scratch.path, 'layout'));
  const openCache = (more: BaseImageCacheOptions = {}) =>
    baseImageCache(path, { onEvent: (event) => events.push(event), ...options, ...more });
  return {
    path,
    paths,
    layout,
    events,
    openCache,
    cache: openCache(),
    resolve: (reference: Reference, platform = AMD64) => openCache().resolve(reference, { platform }),
    /** As kaniko's warmer writes it. */
    async putTar({ manifest, configBytes, configDescriptor, layers, blobs }: Image) {
      const entries = [rawTarEntry({ name: configDescriptor.digest }, configBytes)];
      for (const { descriptor } of layers) {
        const name = `${digestHex(descriptor.digest)}.tar.gz`;
        entries.push(rawTarEntry({ name }, await readBytes(blobs.read(descriptor))));
      }
      entries.push(rawTarEntry({ name: 'manifest.json' }, '[]'));
      const [entry, document] = [paths.entry(manifest.digest), paths.manifest(manifest.digest)];
      await writeFile(document, manifest.bytes);
      await writeFile(`${entry}.new`, rawTar(...entries));
      await rename(`${entry}.new`, entry);
    },
    async putIndex({ digest, bytes }: RawManifest) {
      await mkdir(dirname(paths.index(digest)), { recursive: true });
      await writeFile(paths.index(digest), bytes);
    },
    async putPointer(digest: Digest, target = digest, reference = TAG, platform = AMD64) {
      const file = paths.pointer(reference, platform);
      await mkdir(dirname(file), { recursive: true });
      const text = formatWarmedPointer({ reference: 'as written', platform, target, digest });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const byDigest = (digest: Digest): Reference => ({ ...TAG, tag: undefined, digest });

async function layersOf(image: Image | undefined): Promise<Buffer[]> {
  if (image === undefined) throw new Error('not found');
  const all: Buffer[] = [];
  for (const { descriptor } of image.layers) all.push(Buffer.from(await readBytes(image.blobs.read(descriptor))));
  return all;
}

describe('baseImageCache()', () => {
  it("resolve() finds kaniko's tar by digest and reads layers from inside it", async () => {
    await using directory = await openDirectory();
    for (const docker of [false, true]) {
      const image = await makeImage(directory.layout, {
        layers: [{ a: 'one' }, { b: 'x'.repeat(3_000_000) }],
        docker,
        compression: 'none',
      });
      await directory.putTar(image);
      const found = await directory.resolve(byDigest(image.manifest.digest));
      expect(found).toMatchObject({
        config: image.config,
        layers: image.layers,
        origin: { source: 'base-image-cache' },
      });
      expect(found?.manifest.digest).toBe(image.manifest.digest);
      expect(await layersOf(found)).toEqual(await layersOf(image));
      expect(await found?.blobs.stat(image.layers[1]?.descriptor.digest ?? sha256(''))).toBe(
        image.layers[1]?.descriptor.size,
      );
    }
    expect(directory.events).toEqual([]);
  });

  it("resolve() finds the OCI layout of kaniko's later forks", async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await cp(join(directory.path, '..', 'layout'), directory.paths.entry(image.manifest.digest), { recursive: true });
    expect(await layersOf(await directory.resolve(byDigest(image.manifest.digest)))).toEqual(await layersOf(image));
  });

  it('resolve() reads the archive of an OCI layout too', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }], tag: 'x' });
    const archive = directory.paths.entry(image.manifest.digest);
    await rename(join(directory.path, '..', 'layout'), join(directory.path, '..', 'oci'));
    execFileSync('tar', ['-cf', archive, '-C', join(directory.path, '..', 'oci'), '.']);
    await writeFile(directory.paths.manifest(image.manifest.digest), image.manifest.bytes);
    expect(await layersOf(await directory.resolve(byDigest(image.manifest.digest)))).toHaveLength(1);
  });

  it('resolve() finds the image of a platform by the digest of an index', async () => {
    await using directory = await openDirectory();
    const [amd64, arm64] = [
      await makeImage(directory.layout, { layers: [{ a: 'amd64' }] }),
      await makeImage(directory.layout, { layers: [{ a: 'arm64' }], architecture: 'arm64' }),
    ];
    const { digest } = await makeIndex(directory.layout, [amd64, arm64]);
    await directory.putTar(amd64);
    await directory.putIndex((await directory.layout.getManifest(digest)) as RawManifest);
    expect((await directory.resolve(byDigest(digest)))?.manifest.digest).toBe(amd64.manifest.digest);
    expect(await directory.resolve(byDigest(digest), ARM64)).toBeUndefined();
    expect(directory.events).toEqual([]);
  });

  it('resolve() finds a tag by the pointer of a warmer, for its platform', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    expect(await directory.resolve(TAG)).toBeUndefined();
    await directory.putPointer(image.manifest.digest);
    expect((await directory.resolve(TAG))?.manifest.digest).toBe(image.manifest.digest);
    expect(await directory.resolve(TAG, ARM64)).toBeUndefined();
    expect(await directory.resolve({ ...TAG, tag: '13' })).toBeUndefined();
  });

  it('resolve() asks a registry for a tag without a pointer', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    const cache = directory.openCache({ resolveDigest: async () => image.manifest.digest });
    expect((await cache.resolve(TAG, { platform: AMD64 }))?.manifest.digest).toBe(image.manifest.digest);
    const down = directory.openCache({ resolveDigest: () => Promise.reject(new Error('down')) });
    expect(await down.resolve(TAG, { platform: AMD64 })).toBeUndefined();
  });

  it('resolve() asks a registry when the pointer is old, and uses the old answer while there is no new one', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    await directory.putPointer(image.manifest.digest, sha256('the index'));
    let asked = 0;
    let answer = async (): Promise<Digest> => sha256('moved');
    const resolveDigest = () => {
      asked += 1;
      return answer();
    };
    const cache = directory.openCache({ maxAgeMs: 60_000, resolveDigest });
    const resolve = () => cache.resolve(TAG, { platform: AMD64 });
    expect(await resolve()).toBeDefined();
    expect(asked).toBe(0);
    await utimes(directory.paths.pointer(TAG, AMD64), 1, 1);
    expect(await resolve()).toBeUndefined();
    answer = async () => sha256('the index');
    expect(await resolve()).toBeDefined();
    answer = () => Promise.reject(new Error('down'));
    expect(await resolve()).toBeDefined();
    expect(directory.events).toMatchObject([{ type: 'stale', confirmed: new Date(1000) }]);
  });

  it('resolve() asks a registry when the pointer is from the year 2099', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    await directory.putPointer(image.manifest.digest, sha256('the index'));
    const future = Date.parse('2099-01-01T00:00:00Z') / 1000;
    await utimes(directory.paths.pointer(TAG, AMD64), future, future);
    const cache = directory.openCache({ maxAgeMs: 60_000, resolveDigest: async () => sha256('moved') });
    expect(await cache.resolve(TAG, { platform: AMD64 })).toBeUndefined();
  });

  it('resolve() passes over what is damaged, torn or half there', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    const { digest } = image.manifest;
    const reference = byDigest(digest);
    const damages: [string, () => Promise<unknown>][] = [
      ['another manifest', () => writeFile(directory.paths.manifest(digest), '{}')],
      ['a torn manifest', () => truncate(directory.paths.manifest(digest), 30)],
      ['no tar', () => writeFile(directory.paths.entry(digest), Buffer.alloc(4096, 1))],
      ['an empty tar', () => truncate(directory.paths.entry(digest), 0)],
      ['another config', () => flipByte(directory.paths.entry(digest), 600)],
    ];
    for (const [what, damage] of damages) {
      await directory.putTar(image);
      await damage();
      directory.events.length = 0;
      expect([what, await directory.resolve(reference)]).toEqual([what, undefined]);
      expect([what, directory.events.length]).toEqual([what, 1]);
    }
    await directory.putTar(image);
    await rm(directory.paths.manifest(digest));
    expect(await directory.resolve(reference)).toBeUndefined();
    await directory.putTar(image);
    expect(await directory.resolve(reference)).toBeDefined();
  });

  it('read() refuses a layer that is not what the manifest says', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    const found = await directory.resolve(byDigest(image.manifest.digest));
    const file = directory.paths.entry(image.manifest.digest);
    const at = (await readFile(file)).indexOf((await layersOf(image))[0] as Buffer);
    await flipByte(file, at + 30);
    await expect(layersOf(found)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('a read goes on in its file while that is replaced by another one', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'y'.repeat(5_000_000) }], compression: 'none' });
    await directory.putTar(image);
    const found = await directory.resolve(byDigest(image.manifest.digest));
    const [layer] = image.layers;
    const file = directory.paths.entry(image.manifest.digest);
    let bytes = 0;
    for await (const chunk of found?.blobs.read((layer as (typeof image.layers)[0]).descriptor) ?? []) {
      if (bytes === 0) {
        // the same image, its entries elsewhere
        const moved = Buffer.concat([rawTarEntry({ name: 'first' }, 'x'), await readFile(file)]);
        await writeFile(`${file}.new`, moved);
        await rename(`${file}.new`, file);
      }
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(layer?.descriptor.size);
    expect(await layersOf(found)).toEqual(await layersOf(image));
  });

  it('resolve() always finds a tag whose pointer moves and whose old image is removed', async () => {
    await using directory = await openDirectory();
    const images = [
      await makeImage(directory.layout, { layers: [{ a: 'one' }] }),
      await makeImage(directory.layout, { layers: [{ a: 'two' }] }),
    ];
    const [first] = images as [Image, Image];
    await directory.putTar(first);
    await directory.putPointer(first.manifest.digest);
    const warmed = new AbortController();
    const warming = (async () => {
      for (let swap = 1; swap <= 200; swap += 1) {
        const [next, last] = [images[swap % 2] as Image, images[(swap + 1) % 2] as Image];
        await directory.putTar(next);
        await directory.putPointer(next.manifest.digest);
        await rm(directory.paths.entry(last.manifest.digest));
        await rm(directory.paths.manifest(last.manifest.digest));
      }
      warmed.abort();
    })();
    let misses = 0;
    while (!warmed.signal.aborted) if ((await directory.resolve(TAG)) === undefined) misses += 1;
    await warming;
    expect([misses, directory.events]).toEqual([0, []]);
  });

  it('nothing is written to the directory', async () => {
    await using directory = await openDirectory();
    const image = await makeImage(directory.layout, { layers: [{ a: 'one' }] });
    await directory.putTar(image);
    await directory.putPointer(image.manifest.digest);
    const list = () => readdir(directory.path, { recursive: true });
    const before = await list();
    await chmod(directory.path, 0o555);
    await layersOf(await directory.resolve(TAG));
    expect(await list()).toEqual(before);
    await chmod(directory.path, 0o755);
  });

  it('a directory that is not there has no images', async () => {
    expect(await baseImageCache('/nonexistent').resolve(TAG, { platform: AMD64 })).toBeUndefined();
  });
});

it('parseWarmedPointer() refuses what is no pointer', () => {
  const digest = sha256('x');
  const pointer = { reference: 'a', platform: { ...ARM64, variant: 'v9' }, target: sha256('y'), digest };
  expect(parseWarmedPointer(formatWarmedPointer(pointer))).toEqual(pointer);
  for (const text of [
    '',
    '{}',
    '{"version":2}',
    JSON.stringify({ version: 1, ...pointer, digest: '../../etc/passwd' }),
  ])
    expect(() => parseWarmedPointer(text)).toThrow();
});

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.of(buffer.readUInt8(0) ^ 1), 0, 1, at);
  await file.close();
}

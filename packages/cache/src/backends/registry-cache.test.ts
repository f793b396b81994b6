import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Digest, ImageStore, RawManifest } from '@shale/core';
import {
  blobDirectory,
  BlobMissingError,
  digestHex,
  formatImageConfig,
  formatManifest,
  MediaType,
  parseReference,
  readBytes,
  sha256,
} from '@shale/core';
import { decompress, writeLayer } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { type FaultProxy, faultProxy, putBytes, startRegistry } from '@shale/testing';
import { cacheBackendContract, madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../contract/cache-backend.ts';
import { CacheReadOnlyError } from '../contract/cache-error.ts';
import type { CacheEvent } from '../contract/cache-event.ts';
import type { RegistryCacheOptions } from './registry-cache.ts';
import { registryCache } from './registry-cache.ts';

const KEY = madeKey('a');

async function openRegistryCache(options: RegistryCacheOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startRegistry());
  const proxy = stack.use(await faultProxy(registry.url));
  const client = stack.use(createRegistryClient({ retry: { tries: 1 } }));
  const events: CacheEvent[] = [];
  const repository: ImageStore = client.repository(parseReference(`${proxy.host}/app/cache`));
  const open = (more: RegistryCacheOptions = {}) =>
    registryCache(repository, { onEvent: (event) => events.push(event), ...options, ...more });
  const closing = stack.move();
  return {
    registry,
    proxy,
    repository,
    events,
    types: () => events.map(({ type }) => type),
    requests: requestsOf(proxy),
    open,
    cache: open(),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

cacheBackendContract('registryCache()', openRegistryCache);

describe('registryCache()', () => {
  it('lookup() is one request, and no layer is downloaded until it is read', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    await remote.cache.store(KEY, await made.entry('x'));
    remote.requests();
    const found = await remote.open().lookup(KEY);
    expect(remote.requests()).toEqual(['GET manifests']);
    if (found === undefined) throw new Error('a miss');
    await readBytes(found.blobs.read(found.layer.descriptor));
    expect(remote.requests()).toEqual(['GET blobs']);
  });

  it('store() tags an image with the key, which other tools can copy and read', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await remote.cache.store(KEY, entry);
    const name = `docker://${remote.proxy.host}/app/cache:${digestHex(KEY)}`;
    // not synchronously: the proxy is in this process
    const inspect = async (...flags: string[]): Promise<unknown> => {
      const { stdout } = await promisify(execFile)('skopeo', ['inspect', '--tls-verify=false', ...flags, name]);
      return JSON.parse(stdout);
    };
    expect(await inspect('--config')).toMatchObject({
      created: expect.any(String),
      rootfs: { diff_ids: [entry.layer.diffId] },
    });
    expect(await inspect('--raw')).toMatchObject({
      mediaType: MediaType.ociManifest,
      layers: [{ size: entry.layer.descriptor.size }],
    });
  });

  it('store() of an entry that is there uploads nothing', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await remote.cache.store(KEY, entry);
    remote.requests();
    await remote.open().store(KEY, entry);
    expect(remote.requests()).toEqual(['GET manifests', 'HEAD blobs']);
  });

  it('store() replaces an entry whose layer is gone, and lookup() sees that when it is told to look', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await remote.cache.store(KEY, entry);
    remote.proxy.rules.push({
      path: new RegExp(`blobs/${entry.layer.descriptor.digest}`),
      fault: { respond: { status: 404 } },
    });
    expect(await remote.open({ checkLayers: true }).lookup(KEY)).toBeUndefined();
    expect(remote.types()).toEqual(['incomplete']);
    const found = await remote.cache.lookup(KEY);
    if (found === undefined) throw new Error('a miss');
    await expect(readBytes(found.blobs.read(found.layer.descriptor))).rejects.toBeInstanceOf(BlobMissingError);
    const other = await made.entry('y');
    await remote.cache.store(KEY, other);
    expect((await remote.cache.lookup(KEY))?.layer).toEqual(other.layer);
  });

  it('store() replaces an entry whose layer was read and found damaged', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await remote.cache.store(KEY, entry);
    remote.proxy.rules.push({
      method: 'GET',
      path: new RegExp(`blobs/${entry.layer.descriptor.digest}`),
      fault: { flipBitAt: 20 },
    });
    const found = await remote.cache.lookup(KEY);
    if (found === undefined) throw new Error('a miss');
    await expect(readBytes(found.blobs.read(found.layer.descriptor))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(remote.types()).toEqual(['corrupt']);
    const other = await made.entry('y');
    await remote.cache.store(KEY, other);
    expect((await remote.cache.lookup(KEY))?.layer).toEqual(other.layer);
  });

  it.each(['gzip', 'zstd'] as const)(
    'store() mends an entry whose layer (%s) the registry holds damaged, and again when that rots',
    async (algorithm) => {
      await using storage = await openScratchDirectory();
      await using registry = await startRegistry({ storage: storage.path });
      await using client = createRegistryClient();
      const cache = registryCache(client.repository(parseReference(`${registry.host}/app/cache`)));
      const blobs = blobDirectory(join(storage.path, 'made'));
      const layer = await writeLayer(blobs, () => {}, { compression: { algorithm } });
      const record = { created: new Date(), history: {}, durationMs: 1, builder: 'test', inputs: [] };
      await cache.store(KEY, { layer, blobs, record });
      for (let times = 1; times <= 3; times += 1) {
        const cache = registryCache(client.repository(parseReference(`${registry.host}/app/cache`)));
        const damaged = (await cache.lookup(KEY)) as CacheEntry;
        const hex = digestHex(damaged.layer.descriptor.digest);
        const path = join(storage.path, `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
        writeFileSync(path, readFileSync(path).reverse());
        await expect(readBytes(damaged.blobs.read(damaged.layer.descriptor))).rejects.toThrow('digest');
        await cache.store(KEY, { layer, blobs, record });
        const mended = (await cache.lookup(KEY)) as CacheEntry;
        expect(mended.layer.diffId).toBe(layer.diffId);
        const plain = decompress(mended.blobs.read(mended.layer.descriptor));
        expect(sha256(await readBytes(plain))).toBe(layer.diffId);
      }
    },
  );

  it('store() takes no layer for whole that a registry has already, when other content of it is broken', async () => {
    await using storage = await openScratchDirectory();
    await using registry = await startRegistry({ storage: storage.path });
    await using client = createRegistryClient();
    await using made = await openMadeEntries();
    const openCache = () => registryCache(client.repository(parseReference(`${registry.host}/app/cache`)));
    const contentOf = (digest: Digest) => {
      const hex = digestHex(digest);
      return join(storage.path, `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
    };
    const entry = await made.entry('x');
    await openCache().store(KEY, entry);
    const { manifest } = (await openCache().lookup(KEY)) as CacheEntry;
    const change = (digest: Digest, by: (content: Buffer) => Uint8Array | string) =>
      writeFileSync(contentOf(digest), by(readFileSync(contentOf(digest))));
    change(entry.layer.descriptor.digest, (content) => content.reverse());
    change((manifest as RawManifest).digest, (content) => content.toString().replace(/[0-8](?=")/, '9')); // still JSON
    const cache = openCache();
    expect(await cache.lookup(KEY)).toBeUndefined();
    await cache.store(KEY, entry);
    const mended = (await cache.lookup(KEY)) as CacheEntry;
    expect(mended.layer.diffId).toBe(entry.layer.diffId);
    await readBytes(mended.blobs.read(mended.layer.descriptor));
  });

  it('store() sends a layer that is gone as it was, once for all that missed it', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await remote.cache.store(KEY, entry);
    const { digest } = entry.layer.descriptor;
    const { status } = await fetch(`${remote.registry.url}/v2/app/cache/blobs/${digest}`, { method: 'DELETE' });
    expect(status).toBe(202);
    const others = remote.open();
    for (const cache of [remote.cache, others]) {
      const found = (await cache.lookup(KEY)) as CacheEntry;
      await expect(readBytes(found.blobs.read(found.layer.descriptor))).rejects.toBeInstanceOf(BlobMissingError);
    }
    await remote.cache.store(KEY, entry);
    expect(await others.store(KEY, entry)).toBe('kept');
    const again = (await remote.cache.lookup(KEY)) as CacheEntry;
    expect(again.layer).toEqual(entry.layer);
    expect(await readBytes(again.blobs.read(again.layer.descriptor))).toHaveLength(entry.layer.descriptor.size);
  });

  it('lookup() takes what is no entry under the tag for a miss', async () => {
    await using remote = await openRegistryCache();
    const config = await putBytes(remote.repository, MediaType.ociConfig, Buffer.from('{}'));
    const { ociManifest: mediaType } = MediaType;
    const put = (bytes: string | Uint8Array) =>
      remote.repository.putManifest(digestHex(KEY), { mediaType, digest: sha256(bytes), bytes: Buffer.from(bytes) });
    await put(formatManifest({ schemaVersion: 2, mediaType, config, layers: [] }).bytes);
    expect(await remote.cache.lookup(KEY)).toBeUndefined();
    const layer = await putBytes(remote.repository, MediaType.ociLayer, Buffer.from('x'));
    const manifest = { schemaVersion: 2, mediaType, config, layers: [layer] } as const;
    await put(formatManifest({ ...manifest, annotations: { 'dev.shale.cache.version': '99' } }).bytes);
    expect(await remote.cache.lookup(KEY)).toBeUndefined();
    await put(formatManifest({ ...manifest, annotations: { 'dev.shale.cache.version': '1' } }).bytes);
    expect(await remote.cache.lookup(KEY)).toBeUndefined();
    expect(remote.types()).toEqual(['unreadable', 'unreadable', 'corrupt']);
  });

  it("lookup() reads kaniko's entries, by a second request, and lets them expire", async () => {
    await using remote = await openRegistryCache();
    const layer = await putBytes(remote.repository, MediaType.dockerLayerGzip, Buffer.from('compressed'));
    const diffId = sha256('plain');
    const config = await putBytes(
      remote.repository,
      MediaType.dockerConfig,
      formatImageConfig({
        created: '2026-01-02T03:04:05Z',
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [diffId] },
        history: [{ author: 'kaniko', created_by: 'RUN make' }],
      }),
    );
    await remote.repository.putManifest(
      digestHex(KEY),
      formatManifest({ schemaVersion: 2, mediaType: MediaType.dockerManifest, config, layers: [layer] }),
    );
    remote.requests();
    expect(await remote.cache.lookup(KEY)).toMatchObject({
      layer: { descriptor: layer, diffId },
      record: { created: new Date('2026-01-02T03:04:05Z'), history: { created_by: 'RUN make' }, builder: 'kaniko' },
    });
    expect(remote.requests()).toEqual(['GET manifests', 'GET blobs']);
    expect(await remote.open({ ttlMs: 1000 }).lookup(KEY)).toBeUndefined();
    expect(remote.types()).toEqual(['expired']);
  });

  it('lookup() rejects when the registry fails, which is no miss', async () => {
    await using remote = await openRegistryCache();
    remote.proxy.rules.push({ fault: { respond: { status: 500 } } });
    await expect(remote.cache.lookup(KEY)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
  });

  it('store() without the right to push says so, and does not try again', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    remote.proxy.rules.push({ method: 'POST', fault: { respond: { status: 403 } } });
    const entry = await made.entry('x');
    await expect(remote.cache.store(KEY, entry)).rejects.toBeInstanceOf(CacheReadOnlyError);
    remote.requests();
    await remote.cache.store(KEY, entry);
    expect(remote.requests()).toEqual([]);
    expect(remote.types()).toEqual(['read-only']);
  });

  it('a read-only cache sends no write', async () => {
    await using remote = await openRegistryCache({ readOnly: true });
    await using made = await openMadeEntries();
    await remote.cache.store(KEY, await made.entry('x'));
    expect(remote.requests()).toEqual([]);
  });

  it('store() reports a step that makes another layer each time', async () => {
    await using remote = await openRegistryCache();
    await using made = await openMadeEntries();
    await remote.cache.store(KEY, await made.entry('first'));
    await remote.cache.store(KEY, await made.entry('second'));
    expect(remote.types()).toEqual(['non-deterministic']);
  });
});

/** As `GET manifests`, since the last call. */
function requestsOf(proxy: FaultProxy): () => string[] {
  let seen = 0;
  return () => {
    const added = proxy.requests.slice(seen);
    seen = proxy.requests.length;
    return added.map(({ method, path }) => `${method} ${path.split('/').at(4) ?? ''}`);
  };
}

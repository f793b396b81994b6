import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { blobDirectory, openScratchDirectory, sha256 } from '@shale/core';
import { createRegistryClient } from '@shale/registry';
import { makeLayer, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { cacheOptions } from '../options/cache.ts';
import { readOptions } from '../options/read-options.ts';
import { cacheRepository, openCache } from './cache.ts';

async function openPlace(flags: Record<string, string>, { offline = false } = {}) {
  const scratch = await openScratchDirectory();
  const client = createRegistryClient();
  const store = blobDirectory(join(scratch.path, 'state'));
  const options = readOptions(cacheOptions, new Map(Object.entries(flags).map(([name, text]) => [name, [text]])), {});
  const wiring = { options, client, store, stateDir: store.root, cwd: scratch.path, offline, onProgress: () => {} };
  const { cache, settle } = openCache(wiring);
  const key = sha256('a step');
  return {
    scratch,
    store,
    cache,
    key,
    async remember() {
      const layer = await makeLayer(store, [{ path: 'file', content: 'x' }]);
      const record = {
        created: new Date(),
        history: { created_by: 'RUN x' },
        durationMs: 1,
        builder: 'test',
        inputs: [],
      };
      await cache.store(key, { layer, blobs: store, record });
      await settle({});
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

describe('openCache()', () => {
  it('keeps layers in the state folder when no cache is named, without a second copy', async () => {
    await using place = await openPlace({});
    await place.remember();
    expect((await place.cache.lookup(place.key))?.origin).toBe('dir');
    expect(existsSync(join(place.store.root, 'cache'))).toBe(true);
    expect(existsSync(join(place.store.root, 'cache/blobs'))).toBe(false);
  });

  it('keeps layers in the directory that was named', async () => {
    await using place = await openPlace({ 'layer-cache-dir': 'layers' });
    await place.remember();
    expect(existsSync(join(place.scratch.path, 'layers/blobs'))).toBe(true);
    expect(existsSync(join(place.store.root, 'cache'))).toBe(false);
  });

  it('keeps layers in a registry, and reads them from there', async () => {
    await using registry = await startRegistry();
    await using writer = await openPlace({ 'cache-repo': `${registry.host}/team/cache` });
    await writer.remember();
    await using reader = await openPlace({ 'cache-repo': `${registry.host}/team/cache` });
    expect((await reader.cache.lookup(reader.key))?.origin).toBe('registry');
    await using offline = await openPlace({ 'cache-repo': `${registry.host}/team/cache` }, { offline: true });
    expect(await offline.cache.lookup(offline.key)).toBeUndefined();
  });

  it('writes nothing when it is to read only', async () => {
    await using place = await openPlace({ 'cache-readonly': 'true' });
    await place.remember();
    expect(await place.cache.lookup(place.key)).toBeUndefined();
  });
});

it('cacheRepository() refuses a tag, which would be a key', () => {
  expect(cacheRepository('127.0.0.1:5000/cache')).toMatchObject({ registry: '127.0.0.1:5000', repository: 'cache' });
  expect(() => cacheRepository('127.0.0.1:5000/cache:v1')).toThrow('A cache repository has no tag or digest');
});

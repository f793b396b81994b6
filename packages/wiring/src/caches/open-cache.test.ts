import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { blobDirectory, Resources, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { faultProxy, makeLayer, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { type CacheLocation, parseCacheRepository, stateCache } from './cache-location.ts';
import { type CacheSettings, openCache } from './open-cache.ts';

const key = sha256('a step');
const ageOf = (days: number) => new Date(Date.now() - days * 24 * 3_600_000);

async function openPlace(settings: CacheSettings = {}, { offline = false } = {}) {
  await using cleanup = new Resources();
  const scratch = cleanup.use(await openScratchDirectory());
  const client = cleanup.use(createRegistryClient({ retry: { tries: 1 } }));
  const stateDir = join(scratch.path, 'state');
  const store = blobDirectory(stateDir);
  const failures: unknown[] = [];
  const onStoreFailed = (error: unknown) => void failures.push(error);
  const { cache, settle } = openCache(settings, { client, stateDir, offline, onStoreFailed });
  const resources = cleanup.move();
  return {
    stateDir,
    cache,
    failures,
    async remember(created = new Date()) {
      const layer = await makeLayer(store, [{ path: 'file', content: 'x' }]);
      const history = { created_by: 'RUN x' };
      const record = { created, history, durationMs: 1, builder: 'test', inputs: [] };
      await cache.store(key, { layer, blobs: store, record });
      await settle();
    },
    originOf: async () => (await cache.lookup(key))?.origin,
    [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose](),
  };
}

const inRegistry = (host: string, repository = 'team/cache'): CacheLocation => ({
  kind: 'registry',
  repository: parseCacheRepository(`${host}/${repository}`),
});

describe('openCache()', () => {
  it('keeps layers in the state folder when no tier is named, without a second copy', async () => {
    await using place = await openPlace();
    await place.remember();
    expect(await place.originOf()).toBe('dir');
    expect(existsSync(join(place.stateDir, 'cache'))).toBe(true);
    expect(existsSync(join(place.stateDir, 'cache/blobs'))).toBe(false);
  });

  it('keeps layers in a directory as an image layout', async () => {
    await using scratch = await openScratchDirectory();
    await using place = await openPlace({ tiers: [{ location: { kind: 'directory', root: scratch.path } }] });
    await place.remember();
    expect(existsSync(join(scratch.path, 'index.json'))).toBe(true);
    expect(existsSync(join(place.stateDir, 'cache'))).toBe(false);
  });

  it('keeps layers in registries, and tells several apart by name', async () => {
    await using registry = await startRegistry();
    const tiers = [{ location: inRegistry(registry.host, 'empty') }, { location: inRegistry(registry.host) }];
    await using writer = await openPlace({ tiers: tiers.slice(1) });
    await writer.remember();
    expect(await writer.originOf()).toBe('registry');
    await using reader = await openPlace({ tiers, readOnly: true });
    expect(await reader.originOf()).toBe(`registry ${registry.host}/team/cache`);
  });

  it('asks no registry when offline, and uses the state folder instead', async () => {
    await using registry = await startRegistry();
    await using place = await openPlace({ tiers: [{ location: inRegistry(registry.host) }] }, { offline: true });
    await place.remember();
    expect(await place.originOf()).toBe('dir');
    await registry.flushed();
    expect(registry.requests()).toEqual([]);
  });

  it('writes nothing to a tier that is read only', async () => {
    await using scratch = await openScratchDirectory();
    const tier = { location: { kind: 'directory', root: scratch.path }, readOnly: true } as const;
    await using place = await openPlace({
      tiers: [tier, { location: stateCache(join(scratch.path, 'state')), name: 'own' }],
    });
    await place.remember();
    expect(await place.originOf()).toBe('own');
    await using nothing = await openPlace({ readOnly: true });
    await nothing.remember();
    expect(await nothing.originOf()).toBeUndefined();
  });

  it('forgets entries after 7 days, another time, or never', async () => {
    for (const [ttlMs, days, origin] of [
      [undefined, 6, 'dir'],
      [undefined, 8, undefined],
      [24 * 3_600_000, 2, undefined],
      [Number.POSITIVE_INFINITY, 1000, 'dir'],
    ] as const) {
      await using place = await openPlace({ ttlMs });
      await place.remember(ageOf(days));
      expect(await place.originOf()).toBe(origin);
    }
  });

  it('reports each entry that a registry did not take', async () => {
    await using registry = await startRegistry();
    await using proxy = await faultProxy(registry.url);
    proxy.rules.push({ fault: { respond: { status: 507 } } });
    await using place = await openPlace({ tiers: [{ location: inRegistry(proxy.host) }] });
    await place.remember();
    expect(place.failures).toHaveLength(1);
  });
});

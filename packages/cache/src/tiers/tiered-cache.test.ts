import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgressEvent } from '@shale/core';
import { parseReference, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { type FaultProxy, faultProxy, startRegistry } from '@shale/testing';
import { cacheBackendContract, madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheBackend, CacheEntry, LayerKeeper } from '../contract/cache-backend.ts';
import { CacheRequiredError } from '../contract/cache-error.ts';
import { dirCache } from '../backends/dir-cache.ts';
import { memoryCache } from '../backends/memory-cache.ts';
import { registryCache } from '../backends/registry-cache.ts';
import type { TieredCacheOptions } from './tiered-cache.ts';
import { tieredCache } from './tiered-cache.ts';

const KEY = madeKey('a');

/** A machine's caches, over a registry behind a proxy. */
async function openTiers(options: TieredCacheOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await openScratchDirectory());
  const registry = stack.use(await startRegistry());
  const proxy = stack.use(await faultProxy(registry.url));
  const client = stack.use(createRegistryClient({ retry: { tries: 1 } }));
  const remote = registryCache(client.repository(parseReference(`${proxy.host}/app/cache`)));
  const events: ProgressEvent[] = [];
  const machine = (name: string, more: TieredCacheOptions = {}) => {
    const directory = dirCache({ root: join(scratch.path, name) });
    const tiers = [memoryCache(), directory, remote];
    return { directory, cache: tieredCache(tiers, { onProgress: (event) => events.push(event), ...options, ...more }) };
  };
  const closing = stack.move();
  const { cache, directory } = machine('first');
  return {
    proxy,
    remote,
    events,
    degraded: () => events.filter(({ type }) => type === 'cache.degraded'),
    requests: requestsOf(proxy),
    machine,
    cache,
    directory,
    settled: async () => void (await cache.drain()),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

cacheBackendContract('tieredCache()', openTiers);

/** A backend that does as it is told. */
function madeBackend(parts: Partial<CacheBackend & LayerKeeper>): CacheBackend {
  return { name: 'made', lookup: async () => undefined, store: async () => {}, ...parts };
}

const fails =
  (message = 'broken') =>
  async (): Promise<never> =>
    Promise.reject(new Error(message));

async function bytesOf(entry: CacheEntry | undefined): Promise<Uint8Array> {
  if (entry === undefined) throw new Error('a miss');
  return readBytes(entry.blobs.read(entry.layer.descriptor));
}

describe('tieredCache() lookups', () => {
  it('lookup() of what another machine built downloads no layer, however many keys', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    for (let at = 0; at < 20; at += 1) await tiers.cache.store(madeKey(`${at}`), await made.entry(`${at}`));
    await tiers.cache.drain();
    tiers.requests();
    const other = tiers.machine('second').cache;
    const found = await Promise.all(Array.from({ length: 20 }, (_, at) => other.lookup(madeKey(`${at}`))));
    await other.drain();
    expect(found.every((entry) => entry?.origin === 'registry')).toBe(true);
    expect(tiers.requests()).toEqual(Array.from({ length: 20 }, () => 'GET manifests'));
  });

  it('lookup() answers from the nearest tier', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    await tiers.cache.store(KEY, await made.entry('x'));
    await tiers.cache.drain();
    tiers.requests();
    expect((await tiers.cache.lookup(KEY))?.origin).toBe('memory');
    expect((await tiers.machine('first').cache.lookup(KEY))?.origin).toBe('dir');
    expect(tiers.requests()).toEqual([]);
  });

  it('a layer that is read is downloaded once, and fills the nearer tiers', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await tiers.cache.store(KEY, entry);
    await tiers.cache.drain();
    const { cache: other, directory } = tiers.machine('second');
    const found = await other.lookup(KEY);
    tiers.requests();
    expect(await bytesOf(found)).toEqual(await bytesOf(entry));
    expect(await bytesOf(found)).toEqual(await bytesOf(entry));
    await other.drain();
    expect(tiers.requests()).toEqual(['GET blobs']);
    expect((await directory.lookup(KEY))?.layer).toEqual(entry.layer);
    expect((await tiers.machine('second').cache.lookup(KEY))?.origin).toBe('dir');
  });

  it('a layer that is read in part, or comes damaged, is not kept', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await tiers.cache.store(KEY, entry);
    await tiers.cache.drain();
    const { cache: other, directory } = tiers.machine('second');
    const found = await other.lookup(KEY);
    for await (const _ of found?.blobs.read(entry.layer.descriptor) ?? []) break;
    tiers.proxy.rules.push({ path: /blobs/, fault: { flipBitAt: 9 } });
    await expect(bytesOf(found)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await other.drain();
    expect(await directory.blobs.stat(entry.layer.descriptor.digest)).toBeUndefined();
    expect(await directory.lookup(KEY)).toBeUndefined();
  });

  it('a disk that takes nothing hinders no read', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await tiers.remote.store(KEY, entry);
    const events: ProgressEvent[] = [];
    const full = madeBackend({
      name: 'dir',
      keptLayers: { ...made.blobs, stat: async () => undefined, startUpload: fails('disk full') },
    });
    const cache = tieredCache([full, tiers.remote], { onProgress: (event) => events.push(event) });
    const found = await cache.lookup(KEY);
    expect(await bytesOf(found)).toEqual(await bytesOf(entry));
    expect(await bytesOf(found)).toEqual(await bytesOf(entry));
    expect(events).toMatchObject([{ type: 'cache.degraded', backend: 'dir' }]);
  });
});

describe('tieredCache() when a tier fails', () => {
  it('lookup() passes over a broken tier, reports it once, and asks it no more than three times', async () => {
    await using made = await openMadeEntries();
    const memory = memoryCache();
    await memory.store(KEY, await made.entry('x'));
    const events: ProgressEvent[] = [];
    let calls = 0;
    const broken = madeBackend({
      lookup: async () => {
        calls += 1;
        throw new Error('broken');
      },
    });
    const cache = tieredCache([broken, memory], { onProgress: (event) => events.push(event) });
    for (let at = 0; at < 10; at += 1) expect(await cache.lookup(KEY)).toBeDefined();
    expect(calls).toBe(3);
    expect(events.filter(({ type }) => type === 'cache.degraded')).toMatchObject([{ backend: 'made' }]);
  });

  it('lookup() gives a silent tier up after its first timeout, and its call is aborted', async () => {
    const signals: AbortSignal[] = [];
    const silent = madeBackend({
      lookup: (_, options) => {
        if (options?.signal) signals.push(options.signal);
        return new Promise(() => {});
      },
    });
    const events: ProgressEvent[] = [];
    const cache = tieredCache([silent], { lookupTimeoutMs: 100, onProgress: (event) => events.push(event) });
    await Promise.all(Array.from({ length: 100 }, (_, at) => cache.lookup(madeKey(`${at}`))));
    expect(await cache.lookup(KEY)).toBeUndefined();
    expect(signals).toHaveLength(64);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(events).toMatchObject([{ type: 'cache.degraded', error: { message: expect.stringContaining('100 ms') } }]);
  });

  it('lookup() waits for a slow tier no longer than its budget', async () => {
    let calls = 0;
    const slow = madeBackend({
      lookup: async () => {
        calls += 1;
        return void (await sleep(60));
      },
    });
    const events: ProgressEvent[] = [];
    const cache = tieredCache([slow], { lookupBudgetMs: 200, onProgress: (event) => events.push(event) });
    for (let at = 0; at < 20; at += 1) await cache.lookup(KEY);
    expect(calls).toBeLessThan(10);
    expect(events).toHaveLength(1);
  });

  it('lookup() does not take an abort for a broken tier', async () => {
    const events: ProgressEvent[] = [];
    const silent = madeBackend({ lookup: () => new Promise(() => {}) });
    const cache = tieredCache([silent], { onProgress: (event) => events.push(event) });
    const reason = new Error('enough');
    const abort = new AbortController();
    const looking = cache.lookup(KEY, { signal: abort.signal });
    abort.abort(reason);
    await expect(looking).rejects.toBe(reason);
    expect(events).toEqual([]);
  });

  it('lookup() rejects when the cache is required', async () => {
    const cache = tieredCache([madeBackend({ lookup: fails() })], { required: true });
    await expect(cache.lookup(KEY)).rejects.toBeInstanceOf(CacheRequiredError);
  });

  it('store() in the others goes on', async () => {
    await using made = await openMadeEntries();
    const events: ProgressEvent[] = [];
    const memory = memoryCache();
    const cache = tieredCache([madeBackend({ store: fails() }), memory], { onProgress: (event) => events.push(event) });
    await cache.store(KEY, await made.entry('x'));
    expect(await cache.drain()).toMatchObject({ stored: 1, failed: 1, abandoned: 0 });
    expect(await memory.lookup(KEY)).toBeDefined();
    expect(events.map(({ type }) => type).sort()).toEqual(['cache.degraded', 'cache.stored']);
  });

  it('drain() rejects when the cache is required and a write failed', async () => {
    await using made = await openMadeEntries();
    const cache = tieredCache([madeBackend({ store: fails() })], { required: true });
    await cache.store(KEY, await made.entry('x'));
    await expect(cache.drain()).rejects.toBeInstanceOf(CacheRequiredError);
  });

  it('drain() abandons what does not end in time', async () => {
    await using made = await openMadeEntries();
    const signals: (AbortSignal | undefined)[] = [];
    const endless = madeBackend({
      store: (_, __, options) => {
        signals.push(options?.signal);
        return new Promise(() => {});
      },
    });
    const events: ProgressEvent[] = [];
    const cache = tieredCache([endless], { onProgress: (event) => events.push(event) });
    await cache.store(KEY, await made.entry('x'));
    expect(await cache.drain({ timeoutMs: 20 })).toMatchObject({ stored: 0, abandoned: 1 });
    expect(signals[0]?.aborted).toBe(true);
    expect(events).toMatchObject([{ type: 'cache.degraded' }]);
  });

  it('store() keeps what a build made before it was cancelled', async () => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    const build = new AbortController();
    await tiers.cache.store(KEY, await made.entry('x'), { signal: build.signal });
    build.abort();
    await tiers.cache.drain();
    expect(await tiers.remote.lookup(KEY)).toBeDefined();
  });

  it.for([
    ['refuses', { respond: { status: 403 } }],
    ['limits', { respond: { status: 429 } }],
    ['fails', { respond: { status: 500 } }],
    ['breaks off', { dropResponse: true }],
    ['answers nonsense', { respond: { status: 200, body: '<html>' } }],
  ] as const)('a registry that %s costs a line, not the build', async ([, fault]) => {
    await using tiers = await openTiers();
    await using made = await openMadeEntries();
    tiers.proxy.rules.push({ fault });
    const found = await Promise.all(Array.from({ length: 30 }, (_, at) => tiers.cache.lookup(madeKey(`${at}`))));
    expect(found.every((entry) => entry === undefined)).toBe(true);
    await tiers.cache.store(KEY, await made.entry('x'));
    await tiers.cache.drain();
    expect(tiers.degraded().length).toBeLessThanOrEqual(1);
    expect(await tiers.directory.lookup(KEY)).toBeDefined();
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

it('drain() tells what is new, what was there, and reports neither for a read-only tier', async () => {
  await using made = await openMadeEntries();
  await using scratch = await openScratchDirectory();
  const events: ProgressEvent[] = [];
  const writable = dirCache({ root: join(scratch.path, 'writable') });
  const readOnly = dirCache({ root: join(scratch.path, 'read-only'), readOnly: true });
  const cache = tieredCache([writable, readOnly], { onProgress: (event) => events.push(event) });
  await writable.store(madeKey('b'), await made.entry('b'));
  await cache.store(KEY, await made.entry('a'));
  await cache.store(madeKey('b'), await made.entry('b'));
  expect(await cache.drain()).toMatchObject({ stored: 1, kept: 1, failed: 0 });
  expect(events).toMatchObject([{ type: 'cache.stored', backend: 'dir', key: KEY }]);
});

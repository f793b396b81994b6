import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, LocalBlobStore } from '@shale/core';
import { blobDirectory, BlobMissingError, parseReference, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient, openLayout } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { DirCacheOptions } from '../backends/dir-cache.ts';
import { dirCache } from '../backends/dir-cache.ts';
import { layoutReferences } from './layout-references.ts';
import { listEntries } from './list-entries.ts';
import { prune } from './prune.ts';
import { pruneStore } from './prune-store.ts';
import { recordPath } from '../directory/record-path.ts';
import { registryCache } from '../backends/registry-cache.ts';
import { exportCache, importCache } from './transfer-cache.ts';
import { cacheUsage } from './usage.ts';
import { verifyCache } from './verify-cache.ts';

const HOUR_MS = 3_600_000;
const NO_GRACE = { graceMs: 0 };

/** A cache with five entries of 1000 bytes of noise, the first one used longest ago. */
async function openFilledCache(options: Partial<DirCacheOptions> = {}) {
  const scratch = await openScratchDirectory();
  const made = await openMadeEntries();
  const cache = dirCache({ root: join(scratch.path, 'cache'), ...options });
  const keys = ['a', 'b', 'c', 'd', 'e'].map(madeKey);
  const layers: Digest[] = [];
  for (const [at, key] of keys.entries()) {
    const entry = await made.entry(`${at} ${noise(at)}`, { builder: `builder-${at}` });
    layers.push(entry.layer.descriptor.digest);
    await cache.store(key, entry);
    await use(recordPath(cache.root, key, ''), (keys.length - at) * 24 * HOUR_MS);
    await use(cache.blobs.pathOf(entry.layer.descriptor.digest), 10 * 24 * HOUR_MS);
  }
  return {
    path: scratch.path,
    cache,
    made,
    keys,
    layers,
    async kept() {
      const found: string[] = [];
      for await (const { record } of listEntries(cache)) found.push(record.builder.slice(-1));
      return found.sort().join('');
    },
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

const noise = (seed: number) =>
  Array.from({ length: 1000 }, (_, at) =>
    String.fromCharCode(33 + ((at * 7919 + seed * 104_729 + at * at * 31) % 90)),
  ).join('');

async function use(path: string, agoMs: number): Promise<void> {
  const time = new Date(Date.now() - agoMs);
  await utimes(path, time, time);
}

async function blobsIn(blobs: LocalBlobStore): Promise<Set<Digest>> {
  const all = new Set<Digest>();
  for await (const digest of blobs.list()) all.add(digest);
  return all;
}

describe('prune()', () => {
  it('prune() without a limit removes nothing', async () => {
    await using filled = await openFilledCache();
    expect(await prune(filled.cache, NO_GRACE)).toMatchObject({ pruned: [], freedBytes: 0, entries: 5 });
  });

  it('prune() removes what was used longest ago until the size fits, with layers', async () => {
    await using filled = await openFilledCache();
    const { sizeBytes } = await prune(filled.cache, NO_GRACE);
    const report = await prune(filled.cache, { ...NO_GRACE, maxSizeBytes: Math.floor(sizeBytes / 2) });
    expect(await filled.kept()).toBe('34');
    expect(report.pruned.map(({ reason, entry }) => [reason, entry?.record.builder])).toEqual(
      [0, 1, 2].map((at) => ['max-size', `builder-${at}`]),
    );
    expect(report.sizeBytes).toBeLessThanOrEqual(sizeBytes / 2);
    expect(report.freedBytes).toBe(sizeBytes - report.sizeBytes);
    const left = await blobsIn(filled.cache.blobs);
    expect(filled.layers.map((digest) => left.has(digest))).toEqual([false, false, false, true, true]);
    expect((await prune(filled.cache, NO_GRACE)).sizeBytes).toBe(report.sizeBytes);
  });

  it('prune() removes what was not used for long, and keeps pins and what the filter spares', async () => {
    await using filled = await openFilledCache();
    const keepDurationMs = 2.5 * 24 * HOUR_MS;
    const pins = new Set(filled.keys.slice(0, 1));
    await prune(filled.cache, {
      ...NO_GRACE,
      keepDurationMs,
      pins,
      filter: ({ record }) => record.builder !== 'builder-1',
    });
    expect(await filled.kept()).toBe('0134');
  });

  it('prune() removes what the filter names when nothing else is said, or all', async () => {
    await using filled = await openFilledCache();
    await prune(filled.cache, { ...NO_GRACE, filter: ({ record }) => record.builder === 'builder-2' });
    expect(await filled.kept()).toBe('0134');
    await prune(filled.cache, { ...NO_GRACE, all: true });
    expect(await filled.kept()).toBe('');
    expect((await blobsIn(filled.cache.blobs)).size).toBe(0);
  });

  it('prune() makes room on the file system', async () => {
    await using filled = await openFilledCache();
    await prune(filled.cache, { ...NO_GRACE, minFreeBytes: 0 });
    expect(await filled.kept()).toBe('01234');
    await prune(filled.cache, { ...NO_GRACE, minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect(await filled.kept()).toBe('');
  });

  it('prune() says what would go, and why, in a dry run', async () => {
    await using filled = await openFilledCache();
    const options = { ...NO_GRACE, keepDurationMs: 3.5 * 24 * HOUR_MS };
    const planned = await prune(filled.cache, { ...options, dryRun: true });
    expect(await filled.kept()).toBe('01234');
    expect(planned.pruned).toHaveLength(2);
    expect(await prune(filled.cache, options)).toEqual(planned);
  });

  it('prune() spares what was used lately', async () => {
    await using filled = await openFilledCache();
    await filled.cache.lookup(filled.keys[0] as Digest);
    await prune(filled.cache, { all: true });
    expect(await filled.kept()).toBe('0');
    expect(await filled.cache.lookup(filled.keys[0] as Digest)).toBeDefined();
  });

  it('prune() keeps a layer that another entry shares', async () => {
    await using filled = await openFilledCache();
    const shared = await filled.made.entry(`0 ${noise(0)}`);
    await filled.cache.store(madeKey('shares'), shared);
    await prune(filled.cache, { filter: ({ record }) => record.builder === 'builder-0' });
    expect(await filled.cache.lookup(madeKey('shares'))).toBeDefined();
  });

  it('prune() removes broken entries, forgotten blobs and half-written files', async () => {
    await using filled = await openFilledCache();
    const { cache, keys, layers } = filled;
    await writeFile(recordPath(cache.root, keys[0] as Digest, ''), 'torn');
    await use(recordPath(cache.root, keys[0] as Digest, ''), 48 * HOUR_MS);
    await cache.blobs.delete(layers[1] as Digest);
    await mkdir(join(cache.root, 'ingest'), { recursive: true });
    await writeFile(join(cache.root, 'ingest', 'x'), 'half');
    await use(join(cache.root, 'ingest', 'x'), 48 * HOUR_MS);
    const report = await prune(cache);
    expect(report.pruned.map(({ reason }) => reason).sort()).toEqual([
      'abandoned',
      'corrupt',
      'incomplete',
      'unreferenced',
    ]);
    expect(await filled.kept()).toBe('234');
  });

  it('prune() leaves to images what they need, in a shared store', async () => {
    await using made = await openMadeEntries();
    const layout = openLayout(made.blobs.root);
    const image = await makeImage(layout, { layers: [{ a: 'one' }] });
    const shared = { layer: image.layers[0] as (typeof image.layers)[0], blobs: made.blobs };
    const cache = dirCache({ root: join(made.blobs.root, 'cache'), blobs: made.blobs });
    await cache.store(madeKey('image'), { ...(await made.entry('x')), ...shared });
    await cache.store(madeKey('own'), await made.entry('own'));
    const before = await blobsIn(made.blobs);
    for (const digest of before) await use(made.blobs.pathOf(digest), HOUR_MS);
    for (const name of ['image', 'own']) await use(recordPath(cache.root, madeKey(name), ''), HOUR_MS);
    const references = (options: { signal?: AbortSignal | undefined }) => layoutReferences(made.blobs.root, options);
    await prune(cache, { all: true, references });
    const left = await blobsIn(made.blobs);
    expect(left).toEqual(
      new Set([image.manifest.digest, image.configDescriptor.digest, shared.layer.descriptor.digest]),
    );
  });

  it('prune() removes no blob that it does not know of from a shared store', async () => {
    await using made = await openMadeEntries();
    const cache = dirCache({ root: join(made.blobs.root, 'cache'), blobs: made.blobs });
    const other = await made.entry('of somebody else');
    await cache.store(madeKey('own'), await made.entry('own'));
    await prune(cache, { ...NO_GRACE, all: true });
    expect(await blobsIn(made.blobs)).toEqual(new Set([other.layer.descriptor.digest]));
  });

  it.for([{ graceMs: 0 }, { graceMs: undefined }])(
    'builds go on while prune() runs again and again, %o',
    { timeout: 120_000 },
    async (grace) => {
      await using filled = await openFilledCache();
      const done = new AbortController();
      const build = async (name: number) => {
        const cache = dirCache({ root: filled.cache.root });
        for (let step = name; !done.signal.aborted; step += 1) {
          const key = madeKey(`${step % 10}`);
          const found = await cache.lookup(key);
          if (found === undefined)
            await cache.store(key, await filled.made.entry(`${step % 10}`, { builder: `${name}` }));
          else await readBytes(found.blobs.read(found.layer.descriptor)).catch(onlyMissing);
        }
      };
      const builds = Promise.all(Array.from({ length: 8 }, (_, name) => build(name)));
      try {
        for (let round = 0; round < 5; round += 1) await prune(filled.cache, { ...grace, maxSizeBytes: 3000 });
      } finally {
        done.abort();
      }
      await builds;
      expect((await verifyCache(filled.cache)).broken.filter(({ problem }) => problem !== 'missing-layer')).toEqual([]);
    },
  );
});

/** A layer can go between lookup and read: the build then makes it again. */
function onlyMissing(error: unknown): void {
  if (!(error instanceof BlobMissingError)) throw error;
}

describe('cacheUsage()', () => {
  it('cacheUsage() counts shared layers once', async () => {
    await using filled = await openFilledCache();
    const before = await cacheUsage(filled.cache);
    expect(before).toMatchObject({ entries: 5, layers: 5, brokenEntries: 0, otherBlobBytes: 0, leftoverBytes: 0 });
    expect(before.longestIdleMs).toBeGreaterThan(4.9 * 24 * HOUR_MS);
    await filled.cache.store(madeKey('shares'), await filled.made.entry(`0 ${noise(0)}`));
    const { layerBytes, entries } = await cacheUsage(filled.cache);
    expect([layerBytes, entries]).toEqual([before.layerBytes, 6]);
  });
});

describe('verifyCache()', () => {
  it('verifyCache() finds nothing wrong with a good cache', async () => {
    await using filled = await openFilledCache();
    expect(await verifyCache(filled.cache)).toMatchObject({ entries: 5, layers: 5, broken: [] });
  });

  it('verifyCache() finds, reports and puts aside every damage, and the entries heal', async () => {
    await using filled = await openFilledCache();
    const { cache, keys, layers } = filled;
    const pathOf = (at: number) => cache.blobs.pathOf(layers[at] as Digest);
    await writeFile(recordPath(cache.root, keys[0] as Digest, ''), 'torn');
    await truncate(pathOf(1), 20);
    const bytes = await readFile(pathOf(2));
    await writeFile(pathOf(2), bytes.fill(7, 40, 41));
    await cache.blobs.delete(layers[3] as Digest);
    const lying = await filled.made.entry('lying');
    await cache.store(madeKey('lying'), { ...lying, layer: { ...lying.layer, diffId: keys[0] as Digest } });
    const dry = await verifyCache(cache, { repair: false });
    const report = await verifyCache(cache);
    expect(report).toEqual(dry);
    expect(report.broken.map(({ problem }) => problem).sort()).toEqual([
      'corrupt-layer',
      'corrupt-record',
      'missing-layer',
      'missing-layer',
      'wrong-diff-id',
    ]);
    expect(await readdir(join(cache.root, 'quarantine'))).toHaveLength(2);
    expect(await verifyCache(cache)).toMatchObject({ entries: 1, broken: [] });
    for (const [at, key] of keys.entries()) await cache.store(key, await filled.made.entry(`${at} ${noise(at)}`));
    expect(await verifyCache(cache)).toMatchObject({ entries: 5, broken: [] });
  });
});

describe('exportCache() and importCache()', () => {
  it('exportCache() makes a layout that importCache() reads on another machine', async () => {
    await using filled = await openFilledCache();
    const layout = openLayout(join(filled.path, 'export'));
    expect(await exportCache(filled.cache, layout)).toEqual({ entries: 5, skipped: 0 });
    execFileSync('umoci', ['list', '--layout', join(filled.path, 'export')]);
    const other = dirCache({ root: join(filled.path, 'other') });
    expect(await importCache(layout, other)).toEqual({ entries: 5, skipped: 0 });
    for (const key of filled.keys) {
      const [before, after] = [await filled.cache.lookup(key), await other.lookup(key)];
      expect(after?.manifest?.digest).toBe(before?.manifest?.digest);
      expect(after?.record).toEqual(before?.record);
    }
    expect(await verifyCache(other)).toMatchObject({ entries: 5, broken: [] });
  });

  it('a flushed directory is a layout itself, which importCache() reads', async () => {
    await using filled = await openFilledCache();
    await filled.cache.flush();
    const other = dirCache({ root: join(filled.path, 'other') });
    const filter = ({ record }: { record: { builder: string } }) => record.builder !== 'builder-0';
    expect(await importCache(openLayout(filled.cache.root), other, { filter })).toEqual({ entries: 4, skipped: 0 });
  });

  it('exportCache() passes over what is broken', async () => {
    await using filled = await openFilledCache();
    await filled.cache.blobs.delete(filled.layers[0] as Digest);
    await writeFile(recordPath(filled.cache.root, filled.keys[1] as Digest, ''), 'torn');
    const layout = openLayout(join(filled.path, 'export'));
    expect(await exportCache(filled.cache, layout)).toEqual({ entries: 3, skipped: 2 });
  });
});

describe('pruneStore()', () => {
  it('pruneStore() deletes old entries from a registry, and nothing else', async () => {
    await using registry = await startRegistry();
    await using client = createRegistryClient();
    await using made = await openMadeEntries();
    const repository = client.repository(parseReference(`${registry.host}/app/cache`));
    const cache = registryCache(repository);
    await makeImage(repository, { layers: [{ a: 'one' }], tag: 'v1' });
    for (const [name, ageMs] of [
      ['old', 10 * HOUR_MS],
      ['pinned', 10 * HOUR_MS],
      ['new', 0],
    ] as const) {
      await cache.store(madeKey(name), await made.entry(name, { created: new Date(Date.now() - ageMs) }));
    }
    const options = { maxAgeMs: HOUR_MS, pins: new Set([madeKey('pinned')]) };
    expect(await pruneStore(repository, {})).toEqual([]);
    expect(await pruneStore(repository, { ...options, dryRun: true })).toMatchObject([{ key: madeKey('old') }]);
    expect(await pruneStore(repository, options)).toMatchObject([{ key: madeKey('old') }]);
    expect(await cache.lookup(madeKey('old'))).toBeUndefined();
    expect(await cache.lookup(madeKey('pinned'))).toBeDefined();
    expect(await cache.lookup(madeKey('new'))).toBeDefined();
    expect(await repository.headManifest('v1')).toBeDefined();
  });
});

it('blobDirectory() of a cache holds layers only, until it is flushed', async () => {
  await using filled = await openFilledCache();
  expect((await blobsIn(blobDirectory(filled.cache.root))).size).toBe(5);
  await filled.cache.flush();
  expect((await blobsIn(blobDirectory(filled.cache.root))).size).toBe(15);
  expect((await stat(join(filled.cache.root, 'index.json'))).size).toBeGreaterThan(100);
});

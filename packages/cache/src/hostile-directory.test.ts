import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseReference, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import { dirCache } from './backends/dir-cache.ts';
import { baseImageCache, warmedPaths } from './base-images/index.ts';
import {
  cacheUsage,
  exportCache,
  layoutReferences,
  listEntries,
  pinEntries,
  prune,
  verifyCache,
} from './care/index.ts';
import type { CacheEvent } from './contract/cache-event.ts';
import { recordPath } from './directory/record-path.ts';
import { buildTrails } from './explain/index.ts';

/** What somebody who may write to a cache can put in the place of a file, to hang or to exhaust whoever reads it. */
const HOSTILE: Readonly<Record<string, (path: string) => void>> = {
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
  'a link to /dev/zero': (path) => symlinkSync('/dev/zero', path),
  'a link to another file': (path) => symlinkSync('/etc/passwd', path),
  'a link that leads nowhere': (path) => symlinkSync('absent', path),
  'a directory': (path) => mkdirSync(path),
  'a sparse file of 1 TiB': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
  },
};
const KINDS = Object.entries(HOSTILE);
const KEY = madeKey('a');
const NO_GRACE = { graceMs: -1000 };

async function openCache() {
  const scratch = await openScratchDirectory();
  const made = await openMadeEntries();
  const events: CacheEvent[] = [];
  const root = join(scratch.path, 'cache');
  const cache = dirCache({ root, onEvent: (event) => events.push(event) });
  const entry = await made.entry('text');
  await cache.store(KEY, entry);
  await cache.flush();
  return {
    path: scratch.path,
    root,
    cache,
    entry,
    events,
    record: recordPath(root, KEY, ''),
    layer: cache.blobs.pathOf(entry.layer.descriptor.digest),
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** Every command on a cache that only looks. */
async function readAll({ cache, path }: { cache: ReturnType<typeof dirCache>; path: string }): Promise<void> {
  for await (const _ of listEntries(cache));
  await cacheUsage(cache);
  await exportCache(cache, openLayout(join(path, 'exported')));
  await verifyCache(cache, { repair: false });
}

function replace(path: string, make: (path: string) => void): void {
  rmSync(path);
  make(path);
}

describe.each(KINDS)('%s in a directory cache', (_, make) => {
  it('as a record: is a miss, hangs nothing, and is gone after a store or a prune', async () => {
    await using open = await openCache();
    replace(open.record, make);
    await readAll(open);
    expect((await verifyCache(open.cache, { repair: false })).broken).toMatchObject([{ problem: 'corrupt-record' }]);
    expect(await open.cache.lookup(KEY)).toBeUndefined();
    expect(open.events).toMatchObject([{ type: 'corrupt', key: KEY }]);
    expect(existsSync(open.record)).toBe(false);
    make(open.record);
    expect(await open.cache.store(KEY, open.entry)).toBe('stored');
    expect(await open.cache.lookup(KEY)).toBeDefined();
    replace(open.record, make);
    const { pruned } = await prune(open.cache, NO_GRACE);
    expect(pruned.map(({ reason }) => reason)).toContain('corrupt');
    expect(readdirSync(dirname(open.record))).toEqual([]);
  });

  it('as a layer: is a miss, hangs nothing, and gives way to the next store', async () => {
    await using open = await openCache();
    replace(open.layer, make);
    await readAll(open);
    expect((await verifyCache(open.cache, { repair: false })).broken).toHaveLength(1);
    await expect(async () => {
      for await (const _ of open.cache.blobs.read(open.entry.layer.descriptor));
    }).rejects.toMatchObject({ code: expect.stringMatching(/BLOB_MISSING|DIGEST_MISMATCH/) });
    const signal = AbortSignal.timeout(2000);
    expect(await open.cache.lookup(KEY, { signal })).toBeUndefined();
    await open.cache.store(KEY, open.entry);
    expect(await open.cache.lookup(KEY)).toBeDefined();
    replace(open.layer, make);
    await prune(open.cache, { ...NO_GRACE, all: true });
    expect(readdirSync(dirname(open.layer))).toEqual([]);
  });

  it('as an index, a trail or a pin: hangs nothing, and a pin writes to nothing else', async () => {
    await using open = await openCache();
    replace(join(open.root, 'index.json'), make);
    const references = async () => {
      for await (const _ of layoutReferences(open.root));
    };
    await expect(references()).rejects.toMatchObject({ code: 'STORE_INVALID' });
    const trails = buildTrails(open.root);
    const step = { step: { stage: 's', index: 0 }, name: 'RUN x', key: KEY, inputs: [], values: () => ({}) };
    trails.append('build', [step], 'note');
    const directory = join(open.root, 'v1/trails', readdirSync(join(open.root, 'v1/trails'))[0] ?? '');
    for (const name of readdirSync(directory)) replace(join(directory, name), make);
    expect(trails.read('build')).toEqual([]);
    expect(trails.last('build')).toBeUndefined();
    trails.append('build', [step], 'note');
    const victim = join(open.path, 'victim');
    writeFileSync(victim, 'precious');
    mkdirSync(join(open.root, 'v1/pins'));
    symlinkSync(victim, join(open.root, 'v1/pins', KEY.slice(7)));
    await pinEntries(open.root, [KEY]);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });
});

describe.each(KINDS)('%s in a directory of base images', (_, make) => {
  it('is passed over, and hangs no build', async () => {
    await using scratch = await openScratchDirectory();
    const [paths, platform] = [warmedPaths(scratch.path), { os: 'linux', architecture: 'amd64' }];
    const [reference, digest] = [parseReference('debian:12'), sha256('manifest')];
    const pinned = parseReference(`debian@${digest}`);
    for (const path of [paths.pointer(reference, platform), paths.index(digest), paths.manifest(digest)]) {
      mkdirSync(dirname(path), { recursive: true });
      make(path);
    }
    make(paths.entry(digest));
    const events: string[] = [];
    const images = baseImageCache(scratch.path, { onEvent: ({ type }) => events.push(type) });
    expect(await images.resolve(reference, { platform })).toBeUndefined();
    expect(await images.resolve(pinned, { platform })).toBeUndefined();
    expect(events).toEqual(['damaged', 'damaged']);
  });
});

describe('a symlink in place of a directory of a cache', () => {
  it.each(['blobs', 'blobs/sha256', 'v1', 'v1/<xx>', 'ingest', 'quarantine'])(
    '%s: nothing is written or removed through it',
    async (place) => {
      await using open = await openCache();
      const name = place.replace('<xx>', basename(dirname(open.record)));
      const victim = join(open.path, 'victim');
      for (const directory of ['.', 'sha256', basename(dirname(open.record))]) {
        mkdirSync(join(victim, directory), { recursive: true });
        for (const file of [KEY.slice(7), 'f'.repeat(64), 'other', 'half.tmp'])
          writeFileSync(join(victim, directory, file), directory);
      }
      const age = (path: string) => utimesSync(path, 1, 1);
      const files = () => readdirSync(victim, { recursive: true, encoding: 'utf8' }).sort();
      for (const file of files()) age(join(victim, file));
      const before = files();
      rmSync(join(open.root, name), { recursive: true, force: true });
      symlinkSync(victim, join(open.root, name));
      const quietly = (work: Promise<unknown>) => work.catch((error: unknown) => error);
      await quietly(open.cache.lookup(KEY));
      await quietly(open.cache.store(KEY, open.entry));
      await quietly(open.cache.store(madeKey('b'), open.entry));
      await quietly(open.cache.flush());
      await quietly(pinEntries(open.root, [KEY]));
      await quietly(verifyCache(open.cache));
      await quietly(prune(open.cache, { ...NO_GRACE, all: true, filter: () => true }));
      await quietly(prune(open.cache, { ...NO_GRACE, maxSizeBytes: 0 }));
      expect(files()).toEqual(before);
      expect(lstatSync(join(open.root, name)).isSymbolicLink()).toBe(true);
    },
  );

  it('the root itself may be one', async () => {
    await using scratch = await openScratchDirectory();
    await using made = await openMadeEntries();
    mkdirSync(join(scratch.path, 'disk'));
    symlinkSync('disk', join(scratch.path, 'cache'));
    const cache = dirCache({ root: join(scratch.path, 'cache') });
    expect(await cache.store(KEY, await made.entry('x'))).toBe('stored');
    expect(await cache.lookup(KEY)).toBeDefined();
    expect(await verifyCache(cache)).toMatchObject({ entries: 1, broken: [] });
  });
});

describe('who may read a directory cache', () => {
  const modesOf = (root: string) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => {
      const stats = lstatSync(join(root, name));
      return `${stats.isDirectory() ? 'directory' : 'file'} ${(stats.mode & 0o7777).toString(8)}`;
    });

  /** Everything that a cache makes. */
  async function fill(root: string): Promise<ReadonlySet<string>> {
    await using made = await openMadeEntries();
    const cache = dirCache({ root });
    const entry = await made.entry('text');
    await cache.store(KEY, entry);
    await cache.flush();
    await pinEntries(root, [KEY]);
    const layer = cache.blobs.pathOf(entry.layer.descriptor.digest);
    chmodSync(layer, lstatSync(layer).mode | 0o200);
    truncateSync(layer, 1);
    await cache.lookup(KEY); // puts it into quarantine
    await cache.store(KEY, entry);
    return new Set(modesOf(root));
  }

  it('nobody but its owner, whether shale made it or a user with the usual umask', async () => {
    await using scratch = await openScratchDirectory();
    const [own, usual] = [join(scratch.path, 'own'), join(scratch.path, 'usual')];
    mkdirSync(usual, { mode: 0o755 });
    expect(await fill(own)).toEqual(new Set(['directory 700', 'file 600']));
    expect((lstatSync(own).mode & 0o777).toString(8)).toBe('700');
    expect(await fill(usual)).toEqual(new Set(['directory 700', 'file 600']));
    expect((lstatSync(usual).mode & 0o777).toString(8)).toBe('755');
  });

  it('its group, where that may write to it', async () => {
    await using scratch = await openScratchDirectory();
    const root = join(scratch.path, 'shared');
    mkdirSync(root);
    chmodSync(root, 0o2770);
    expect(await fill(root)).toEqual(new Set(['directory 2770', 'file 660']));
  });

  it.runIf(process.getuid?.() === 0)('two users share one that both may write to', async () => {
    await using scratch = await openScratchDirectory();
    await using made = await openMadeEntries();
    chmodSync(scratch.path, 0o755);
    const root = join(scratch.path, 'shared');
    mkdirSync(root);
    chmodSync(root, 0o777);
    const cache = dirCache({ root });
    await cache.store(KEY, await made.entry('text'));
    const reads = 'find . -type f -exec cat {} + >/dev/null && touch v1/mine && find . -type d -exec touch {}/mine ";"';
    execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-ec', reads], { cwd: root });
  });

  it.runIf(process.getuid?.() === 0)('not another user of the machine, who reads no layer and no record', async () => {
    await using scratch = await openScratchDirectory();
    await using made = await openMadeEntries();
    chmodSync(scratch.path, 0o755);
    const root = join(scratch.path, 'cache');
    mkdirSync(root, { mode: 0o755 });
    const cache = dirCache({ root });
    const entry = await made.entry('text');
    await cache.store(KEY, entry);
    for (const path of [recordPath(root, KEY, ''), cache.blobs.pathOf(entry.layer.descriptor.digest)]) {
      const read = () =>
        execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'cat', path], { stdio: 'pipe' });
      expect(read).toThrow('Permission denied');
    }
  });
});

it('an entry from the year 2099 is expired where entries expire, and is made anew', async () => {
  await using scratch = await openScratchDirectory();
  await using made = await openMadeEntries();
  const root = join(scratch.path, 'cache');
  await dirCache({ root }).store(KEY, await made.entry('x', { created: new Date('2099-01-01T00:00:00Z') }));
  expect(await dirCache({ root }).lookup(KEY)).toBeDefined();
  const events: CacheEvent[] = [];
  const cache = dirCache({ root, ttlMs: 3_600_000, onEvent: (event) => events.push(event) });
  expect(await cache.lookup(KEY)).toBeUndefined();
  expect(events).toMatchObject([{ type: 'expired' }]);
  expect(await cache.store(KEY, await made.entry('x'))).toBe('stored');
  expect(await cache.lookup(KEY)).toBeDefined();
});

it('a record or layer that was used in the year 2099 is pruned like any other', async () => {
  await using open = await openCache();
  const future = Date.parse('2099-01-01T00:00:00Z') / 1000;
  for (const path of [open.record, open.layer]) utimesSync(path, future, future);
  const { entries } = await prune(open.cache, { graceMs: -1000, all: true });
  expect(entries).toBe(0);
  expect(readdirSync(dirname(open.layer))).toEqual([]);
});

import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobDirectory, DigestMismatchError, digestHex, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { cacheBackendContract, madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../contract/cache-backend.ts';
import type { CacheEvent } from '../contract/cache-event.ts';
import type { DirCacheOptions } from './dir-cache.ts';
import { dirCache } from './dir-cache.ts';
import { recordPath } from '../directory/record-path.ts';

const KEY = madeKey('a');

async function openDirCache(options: Partial<DirCacheOptions> = {}) {
  const scratch = await openScratchDirectory();
  const events: CacheEvent[] = [];
  const open = (more: Partial<DirCacheOptions> = {}) =>
    dirCache({ root: join(scratch.path, 'cache'), onEvent: (event) => events.push(event), ...options, ...more });
  return {
    path: scratch.path,
    events,
    types: () => events.map(({ type }) => type),
    open,
    cache: open(),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

cacheBackendContract('dirCache()', openDirCache);

cacheBackendContract('dirCache() over a shared blob store', async () => {
  const scratch = await openScratchDirectory();
  const cache = dirCache({ root: join(scratch.path, 'cache'), blobs: blobDirectory(scratch.path) });
  return { cache, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
});

describe('dirCache()', () => {
  it('lookup() finds what another process stored', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    expect(await dir.open().lookup(KEY)).toBeDefined();
    expect(await dir.open({ readOnly: true }).lookup(KEY)).toBeDefined();
  });

  it('store() copies no layer that lies in the shared store', async () => {
    await using made = await openMadeEntries();
    await using scratch = await openScratchDirectory();
    const cache = dirCache({ root: scratch.path, blobs: made.blobs });
    const entry = await made.entry('x');
    await cache.store(KEY, { ...entry, blobs: { stat: entry.blobs.stat, read: () => fail('it was read') } });
    expect(await readdir(scratch.path)).toEqual(['v1']);
    expect((await cache.lookup(KEY))?.layer).toEqual(entry.layer);
  });

  it('lookup() takes a torn or altered record for a miss, and the next store heals it', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    const path = recordPath(dir.cache.root, KEY, '');
    const damages = [
      (content: Buffer) => content.subarray(0, content.byteLength / 2),
      (content: Buffer) => Buffer.from(content.toString().replace('ci-job-7', 'ci-job-8')),
      () => Buffer.alloc(0),
      () => Buffer.from('{}'),
      (content: Buffer) => Buffer.concat([content, Buffer.from('x')]),
    ];
    for (const damage of damages) {
      await dir.cache.store(KEY, entry);
      await writeFile(path, damage(await readFile(path)));
      dir.events.length = 0;
      expect(await dir.cache.lookup(KEY)).toBeUndefined();
      expect(dir.types()).toEqual(['corrupt']);
    }
    await dir.cache.store(KEY, entry);
    expect(await dir.cache.lookup(KEY)).toBeDefined();
  });

  it('lookup() takes a record without its layer for a miss, and the next store heals it', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await dir.cache.store(KEY, entry);
    await dir.cache.blobs.delete(entry.layer.descriptor.digest);
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
    expect(dir.types()).toEqual(['incomplete']);
    await dir.cache.store(KEY, await made.entry('y'));
    expect((await dir.cache.lookup(KEY))?.layer).toEqual((await made.entry('y')).layer);
  });

  it('lookup() takes a layer of the wrong size for a miss and puts it aside', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    await dir.cache.store(KEY, entry);
    await truncate(dir.cache.blobs.pathOf(entry.layer.descriptor.digest), 10);
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
    expect(dir.types()).toEqual(['corrupt']);
    expect(await readdir(join(dir.cache.root, 'quarantine'))).toHaveLength(1);
    await dir.cache.store(KEY, entry);
    expect(await dir.cache.lookup(KEY)).toBeDefined();
  });

  it('read() of an altered layer fails, puts it aside, and the next store heals it', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    const { descriptor } = entry.layer;
    await dir.cache.store(KEY, entry);
    const path = dir.cache.blobs.pathOf(descriptor.digest);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    await writeFile(path, bytes);
    const found = await dir.cache.lookup(KEY);
    await expect(bytesOf(found)).rejects.toBeInstanceOf(DigestMismatchError);
    expect(dir.events).toMatchObject([{ type: 'corrupt', digest: descriptor.digest }]);
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
    await dir.cache.store(KEY, entry);
    const healed = await dir.cache.lookup(KEY);
    expect((await bytesOf(healed)).byteLength).toBe(descriptor.size);
  });

  it('lookup() lets entries expire by their age, and a store takes the place of one that did', async () => {
    await using dir = await openDirCache({ ttlMs: 60_000 });
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('old', { created: new Date(Date.now() - 61_000) }));
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
    expect(dir.types()).toEqual(['expired']);
    const entry = await made.entry('new');
    await dir.cache.store(KEY, entry);
    expect((await dir.cache.lookup(KEY))?.layer).toEqual(entry.layer);
    expect(await dir.open({ ttlMs: 0 }).lookup(KEY)).toBeUndefined();
    expect(await dir.open({ ttlMs: undefined }).lookup(KEY)).toBeDefined();
  });

  it('lookup() records its use, but not each of them', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    const path = recordPath(dir.cache.root, KEY, '');
    const yesterday = new Date(Date.now() - 86_400_000);
    await utimes(path, yesterday, yesterday);
    await dir.cache.lookup(KEY);
    const used = (await stat(path)).mtimeMs;
    expect(Date.now() - used).toBeLessThan(60_000);
    await dir.cache.lookup(KEY);
    expect((await stat(path)).mtimeMs).toBe(used);
  });

  it('store() reports a step that makes another layer each time, and keeps the first', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const [first, second] = [await made.entry('first'), await made.entry('second')];
    await dir.cache.store(KEY, first);
    await dir.cache.store(KEY, second);
    expect(dir.events).toMatchObject([
      { type: 'non-deterministic', key: KEY, kept: first.layer.diffId, offered: second.layer.diffId },
    ]);
  });

  it('a read-only cache answers lookups and writes nothing', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    const path = recordPath(dir.cache.root, KEY, '');
    await utimes(path, 1, 1);
    const cache = dir.open({ readOnly: true });
    expect(await cache.lookup(KEY)).toBeDefined();
    await cache.store(madeKey('b'), await made.entry('y'));
    expect(await cache.lookup(madeKey('b'))).toBeUndefined();
    expect((await stat(path)).mtimeMs).toBe(1000);
    await writeFile(path, 'damaged');
    expect(await cache.lookup(KEY)).toBeUndefined();
    expect(await readFile(path, 'utf8')).toBe('damaged');
  });

  it.runIf(process.getuid?.() !== 0)('a cache without write permission says so once', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    await chmod(dir.cache.root, 0o555);
    const cache = dir.open();
    for (const name of ['b', 'c']) await cache.store(madeKey(name), await made.entry(name));
    expect(await cache.lookup(KEY)).toBeDefined();
    expect(dir.types()).toEqual(['read-only']);
    await chmod(dir.cache.root, 0o755);
  });

  it('a record of a later version is a miss, and stays', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    const { encodeRecord, decodeRecord } = await import('../directory/record-encoding.ts');
    const path = recordPath(dir.cache.root, KEY, '');
    const { bytes } = decodeRecord(await readFile(path));
    const later = Buffer.from(Buffer.from(bytes).toString().replace('cache.version":"1"', 'cache.version":"2"'));
    const { sha256, MediaType } = await import('@shale/core');
    await writeFile(path, encodeRecord({ bytes: later, digest: sha256(later), mediaType: MediaType.ociManifest }));
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
    expect(dir.types()).toEqual(['unreadable']);
  });

  it('flush() makes the directory an OCI image layout of all entries', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    await dir.cache.store(KEY, await made.entry('x'));
    await dir.cache.store(madeKey('b'), await made.emptyEntry());
    await dir.cache.flush();
    const tag = digestHex(KEY);
    const target = join(dir.path, 'copy');
    execFileSync('skopeo', ['copy', '--insecure-policy', `oci:${dir.cache.root}:${tag}`, `oci:${target}:x`]);
    const config = JSON.parse(execFileSync('skopeo', ['inspect', '--config', `oci:${target}:x`], { encoding: 'utf8' }));
    expect(config).toMatchObject({ architecture: 'arm64', history: [{ created_by: 'RUN make # "all"' }] });
    expect(config.rootfs.diff_ids).toEqual([(await made.entry('x')).layer.diffId]);
  });

  it('store() leaves nothing half-written behind', async () => {
    await using dir = await openDirCache();
    await using made = await openMadeEntries();
    const entry = await made.entry('x');
    const broken = { ...entry.blobs, read: () => failingRead() };
    await expect(dir.cache.store(KEY, { ...entry, blobs: broken })).rejects.toThrow();
    await Promise.all(Array.from({ length: 16 }, () => dir.cache.store(KEY, entry)));
    const files = (await readdir(dir.cache.root, { recursive: true })).filter((name) => /tmp$|ingest\/./.test(name));
    expect(files).toEqual([]);
    await rm(dir.cache.root, { recursive: true });
    expect(await dir.cache.lookup(KEY)).toBeUndefined();
  });
});

async function* failingRead(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  throw new Error('gone');
}

async function bytesOf(entry: CacheEntry | undefined): Promise<Uint8Array> {
  if (entry === undefined) throw new Error('a miss');
  return readBytes(entry.blobs.read(entry.layer.descriptor));
}

const fail = (message: string): never => {
  throw new Error(message);
};

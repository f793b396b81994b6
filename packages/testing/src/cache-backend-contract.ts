import type { CacheBackend, CacheEntry, CacheKey } from '@shale/cache';
import { cacheKey } from '@shale/cache';
import type { Layer, LocalBlobStore } from '@shale/core';
import { blobDirectory, EMPTY_DIFF_ID, readBytes } from '@shale/core';
import { writeLayer } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';

/** A backend, and a way to wait for the writes that continue after `store` returned. */
export interface OpenCacheBackend extends AsyncDisposable {
  readonly cache: CacheBackend;
  readonly settled?: (() => Promise<void>) | undefined;
}

export interface MadeEntries extends AsyncDisposable {
  readonly blobs: LocalBlobStore;
  /** An entry whose layer holds a file with this text; the same bytes for the same text. */
  entry(text: string, record?: Partial<CacheEntry['record']>): Promise<CacheEntry>;
  /** An entry of a step that changed nothing. */
  emptyEntry(): Promise<CacheEntry>;
}

/** Makes entries of real layers in a store. Disposing removes it. */
export async function openMadeEntries(): Promise<MadeEntries> {
  const scratch = await openScratchDirectory();
  const blobs = blobDirectory(scratch.path);
  const wrap = (layer: Layer, record: Partial<CacheEntry['record']> = {}): CacheEntry => ({
    layer,
    blobs,
    record: {
      created: new Date(),
      history: { created: '2026-01-02T03:04:05Z', created_by: 'RUN make # "all"' },
      durationMs: 1234,
      builder: 'ci-job-7',
      inputs: [{ name: 'env.PATH', hash: '0123456789abcdef' }],
      platform: { os: 'linux', architecture: 'arm64', variant: 'v9' },
      ...record,
    },
  });
  return {
    blobs,
    async entry(text, record) {
      const metadata = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
      const bytes = Buffer.from(text);
      const layer = await writeLayer(
        blobs,
        (tar) => tar.entry({ path: 'file', type: 'file', size: bytes.byteLength, ...metadata }, bytes),
        { compression: { algorithm: 'gzip', level: 1 } },
      );
      return wrap(layer, record);
    },
    emptyEntry: async () => wrap(await writeLayer(blobs, () => {}, { compression: { algorithm: 'gzip', level: 1 } })),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** A key for tests: equal for equal text. */
export function madeKey(text: string): CacheKey {
  return cacheKey('test', [{ name: 'text', value: text }]).key;
}

/** The tests that every CacheBackend must pass. `open` returns a fresh, empty one. */
export function cacheBackendContract(name: string, open: () => Promise<OpenCacheBackend>): void {
  describe(`${name} as a CacheBackend`, () => {
    lookupContract(open);
    storeContract(open);
  });
}

function lookupContract(open: () => Promise<OpenCacheBackend>): void {
  it('lookup() answers undefined for a key that was never stored', async () => {
    await using backend = await open();
    expect(await backend.cache.lookup(madeKey('none'))).toBeUndefined();
  });

  it('lookup() gives back what was stored, and the bytes of the layer', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const entry = await made.entry('hello');
    await store(backend, madeKey('a'), entry);
    const found = await backend.cache.lookup(madeKey('a'));
    expect(found?.layer).toEqual(entry.layer);
    expect(found?.record).toEqual(entry.record);
    expect(await bytesOf(found)).toEqual(await bytesOf(entry));
    expect(await found?.blobs.stat(entry.layer.descriptor.digest)).toBe(entry.layer.descriptor.size);
  });

  it('lookup() keeps keys apart that share a layer', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const entry = await made.entry('shared');
    await store(backend, madeKey('a'), entry);
    await store(backend, madeKey('b'), { ...entry, record: { ...entry.record, builder: 'other' } });
    expect((await backend.cache.lookup(madeKey('a')))?.record.builder).toBe('ci-job-7');
    expect((await backend.cache.lookup(madeKey('b')))?.record.builder).toBe('other');
    expect(await backend.cache.lookup(madeKey('c'))).toBeUndefined();
  });

  it('lookup() rejects with the reason of its signal', async () => {
    await using backend = await open();
    const reason = new Error('enough');
    await expect(backend.cache.lookup(madeKey('a'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('lookup() answers many keys at once', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    for (let at = 0; at < 10; at += 2) await store(backend, madeKey(`${at}`), await made.entry(`${at}`));
    const found = await Promise.all(Array.from({ length: 10 }, (_, at) => backend.cache.lookup(madeKey(`${at}`))));
    expect(found.map((entry) => entry !== undefined)).toEqual(Array.from({ length: 10 }, (_, at) => at % 2 === 0));
  });
}

function storeContract(open: () => Promise<OpenCacheBackend>): void {
  it('store() keeps a layer without entries', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    await store(backend, madeKey('a'), await made.emptyEntry());
    expect((await backend.cache.lookup(madeKey('a')))?.layer.diffId).toBe(EMPTY_DIFF_ID);
  });

  it('store() of one entry twice is the same as once', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const entry = await made.entry('twice');
    await store(backend, madeKey('a'), entry);
    await store(backend, madeKey('a'), entry);
    expect((await backend.cache.lookup(madeKey('a')))?.record).toEqual(entry.record);
  });

  it('store() keeps the first entry of a key, unless it is told to replace it', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const [first, second] = [await made.entry('first'), await made.entry('second')];
    await store(backend, madeKey('a'), first);
    await store(backend, madeKey('a'), second);
    expect((await backend.cache.lookup(madeKey('a')))?.layer).toEqual(first.layer);
    await backend.cache.store(madeKey('a'), second, { replace: true });
    await backend.settled?.();
    expect((await backend.cache.lookup(madeKey('a')))?.layer).toEqual(second.layer);
  });

  it('store() of one key by many writers at once leaves one whole entry', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const entries: CacheEntry[] = [];
    for (let at = 0; at < 8; at += 1) entries.push(await made.entry(`writer ${at}`, { builder: `writer ${at}` }));
    await Promise.all(entries.map((entry) => backend.cache.store(madeKey('a'), entry)));
    await backend.settled?.();
    const found = await backend.cache.lookup(madeKey('a'));
    const winner = entries.find(({ layer }) => layer.diffId === found?.layer.diffId);
    expect(found?.record).toEqual(winner?.record);
    expect(await bytesOf(found)).toEqual(await bytesOf(winner));
  });

  it('store() takes an entry that another cache gave', async () => {
    await using backend = await open();
    await using other = await open();
    await using made = await openMadeEntries();
    await store(other, madeKey('a'), await made.entry('passed on'));
    const passed = await other.cache.lookup(madeKey('a'));
    if (passed === undefined) throw new Error('the entry was not kept');
    await store(backend, madeKey('a'), passed);
    await store(backend, madeKey('also under another key'), passed);
    for (const key of [madeKey('a'), madeKey('also under another key')]) {
      const found = await backend.cache.lookup(key);
      expect(found?.record).toEqual(passed.record);
      expect(await bytesOf(found)).toEqual(await bytesOf(passed));
    }
  });

  it('store() keeps any text in a record', async () => {
    await using backend = await open();
    await using made = await openMadeEntries();
    const created_by = 'RUN <<EOF\n\t"quotes" \\ é \u{1F600} </script>\nEOF';
    const entry = await made.entry('text', {
      history: { created_by, empty_layer: true },
      builder: 'é "b"',
      inputs: [],
    });
    await store(backend, madeKey('a'), entry);
    expect((await backend.cache.lookup(madeKey('a')))?.record).toEqual(entry.record);
  });
}

async function store(backend: OpenCacheBackend, key: CacheKey, entry: CacheEntry): Promise<void> {
  await backend.cache.store(key, entry);
  await backend.settled?.();
}

async function bytesOf(entry: CacheEntry | undefined): Promise<Buffer | undefined> {
  return entry && Buffer.from(await readBytes(entry.blobs.read(entry.layer.descriptor)));
}

import { createHash } from 'node:crypto';
import { type Descriptor, type ImageStore, type RawManifest, streamOf } from '@shale/core';
import {
  BlobMissingError,
  DigestMismatchError,
  formatManifest,
  loadImage,
  MediaType,
  readBytes,
  sha256,
  SizeMismatchError,
} from '@shale/core';
import { describe, expect, it } from 'vitest';
import { makeImage, makeIndex, putBytes } from './make-image.ts';

const BYTES = Buffer.from('some bytes of a blob');
const BLOB: Descriptor = { mediaType: MediaType.ociLayer, digest: sha256(BYTES), size: BYTES.byteLength };
const ABSENT = sha256('absent');

const contentOf = (bytes: Uint8Array) => () => streamOf(bytes);

/** A store under test. Disposing removes its files. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ImageStore;
}

export interface ImageStoreAbilities {
  /** Stores blobs whose digest is a sha512. @default true */
  readonly sha512?: boolean | undefined;
}

/** The tests that every ImageStore must pass. `open` returns a fresh, empty one. */
export function imageStoreContract(
  name: string,
  open: () => Promise<OpenedStore>,
  { sha512 = true }: ImageStoreAbilities = {},
): void {
  describe(`${name} as an ImageStore`, () => {
    blobContract(open);
    if (sha512) sha512Contract(open);
    manifestContract(open);
    imageContract(open);
  });
}

function blobContract(open: () => Promise<OpenedStore>): void {
  it('put() makes a blob that stat() and read() find', async () => {
    await using opened = await open();
    const { store } = opened;
    expect(await store.stat(BLOB.digest)).toBeUndefined();
    const sent: number[] = [];
    await store.put(BLOB, contentOf(BYTES), { onBytes: (bytes) => sent.push(bytes) });
    expect(await store.stat(BLOB.digest)).toBe(BLOB.size);
    expect(Buffer.from(await readBytes(store.read(BLOB)))).toEqual(BYTES);
    expect(sent.at(-1)).toBe(BLOB.size);
  });

  it('put() does not read a blob that is there already', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.put(BLOB, contentOf(BYTES));
    let reads = 0;
    await store.put(BLOB, () => {
      reads += 1;
      return contentOf(BYTES)();
    });
    expect(reads).toBe(0);
  });

  it('put() takes an empty blob', async () => {
    await using opened = await open();
    const { store } = opened;
    const empty = await putBytes(store, MediaType.ociLayer, new Uint8Array());
    expect(await store.stat(empty.digest)).toBe(0);
    expect((await readBytes(store.read(empty))).byteLength).toBe(0);
  });

  it('put() refuses content of another digest or size and keeps nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const other = Buffer.from('SOME bytes of a blob');
    await expect(store.put(BLOB, contentOf(other))).rejects.toBeInstanceOf(DigestMismatchError);
    await expect(store.put(BLOB, contentOf(BYTES.subarray(1)))).rejects.toBeInstanceOf(SizeMismatchError);
    await expect(store.put(BLOB, contentOf(Buffer.concat([BYTES, BYTES])))).rejects.toBeInstanceOf(SizeMismatchError);
    expect(await store.stat(BLOB.digest)).toBeUndefined();
  });

  it('put() of one digest many times at once keeps one blob', async () => {
    await using opened = await open();
    const { store } = opened;
    await Promise.all(Array.from({ length: 8 }, () => store.put(BLOB, contentOf(BYTES))));
    expect(await store.stat(BLOB.digest)).toBe(BLOB.size);
  });

  it('put() rejects with the reason of its signal', async () => {
    await using opened = await open();
    const { store } = opened;
    const reason = new Error('enough');
    await expect(store.put(BLOB, contentOf(BYTES), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('read() refuses a blob that is not there', async () => {
    await using opened = await open();
    const { store } = opened;
    await expect(readBytes(store.read({ ...BLOB, digest: ABSENT }))).rejects.toBeInstanceOf(BlobMissingError);
  });

  it('read() refuses a descriptor of the wrong size', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.put(BLOB, contentOf(BYTES));
    await expect(readBytes(store.read({ ...BLOB, size: BLOB.size - 1 }))).rejects.toBeInstanceOf(SizeMismatchError);
    await expect(readBytes(store.read({ ...BLOB, size: BLOB.size + 1 }))).rejects.toBeInstanceOf(SizeMismatchError);
  });
}

function sha512Contract(open: () => Promise<OpenedStore>): void {
  it('put() takes a blob named by sha512', async () => {
    await using opened = await open();
    const { store } = opened;
    const digest = `sha512:${createHash('sha512').update(BYTES).digest('hex')}` as const;
    const blob = { ...BLOB, digest };
    await store.put(blob, contentOf(BYTES));
    expect(Buffer.from(await readBytes(store.read(blob)))).toEqual(BYTES);
  });
}

function manifestContract(open: () => Promise<OpenedStore>): void {
  it('getManifest() and headManifest() answer undefined for what is absent', async () => {
    await using opened = await open();
    const { store } = opened;
    expect(await store.getManifest('none')).toBeUndefined();
    expect(await store.getManifest(ABSENT)).toBeUndefined();
    expect(await store.headManifest('none')).toBeUndefined();
    expect(await store.headManifest(ABSENT)).toBeUndefined();
    expect(await tagsOf(store)).toEqual([]);
  });

  it('putManifest() keeps the exact bytes by tag and by digest', async () => {
    await using opened = await open();
    const { store } = opened;
    const raw = await emptyManifest(store);
    await store.putManifest('v1', raw);
    for (const name of ['v1', raw.digest]) {
      const found = await store.getManifest(name);
      expect(found && { ...found, bytes: Buffer.from(found.bytes) }).toEqual({ ...raw, bytes: Buffer.from(raw.bytes) });
      const { mediaType, digest } = raw;
      expect(await store.headManifest(name)).toMatchObject({ mediaType, digest, size: raw.bytes.byteLength });
    }
  });

  it('putManifest() by digest makes no tag', async () => {
    await using opened = await open();
    const { store } = opened;
    const raw = await emptyManifest(store);
    await store.putManifest(raw.digest, raw);
    expect((await store.getManifest(raw.digest))?.digest).toBe(raw.digest);
    expect(await tagsOf(store)).toEqual([]);
  });

  it('putManifest() moves a tag', async () => {
    await using opened = await open();
    const { store } = opened;
    const [a, b] = [await emptyManifest(store, 'a'), await emptyManifest(store, 'b')];
    await store.putManifest('v', a);
    await store.putManifest('v', b);
    expect((await store.headManifest('v'))?.digest).toBe(b.digest);
    expect((await store.getManifest(a.digest))?.digest).toBe(a.digest);
  });

  it('putManifest() of many tags at once loses none', async () => {
    await using opened = await open();
    const { store } = opened;
    const raw = await emptyManifest(store);
    const tags = Array.from({ length: 12 }, (_, index) => `tag-${index}`);
    await Promise.all(tags.map((tag) => store.putManifest(tag, raw)));
    expect((await tagsOf(store)).sort()).toEqual([...tags].sort());
  });

  it('deleteManifest() removes it and is content when it is absent', async () => {
    await using opened = await open();
    const { store } = opened;
    const raw = await emptyManifest(store);
    await store.putManifest('v1', raw);
    await store.deleteManifest(raw.digest);
    expect(await store.getManifest(raw.digest)).toBeUndefined();
    await store.deleteManifest(raw.digest);
  });
}

function imageContract(open: () => Promise<OpenedStore>): void {
  it('an index leads to the image of each platform', async () => {
    await using opened = await open();
    const { store } = opened;
    const amd64 = await makeImage(store, { layers: [{ 'file.txt': 'amd64' }], tag: 'a' });
    const arm64 = await makeImage(store, { layers: [{ 'file.txt': 'arm64' }], tag: 'b', architecture: 'arm64' });
    await makeIndex(store, [amd64, arm64], 'multi');
    for (const image of [amd64, arm64]) {
      const { os, architecture } = image.config;
      const options = { platform: { os, architecture }, origin: image.origin };
      expect((await loadImage(store, 'multi', options))?.manifest.digest).toBe(image.manifest.digest);
    }
  });
}

async function tagsOf(store: ImageStore): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of store.listTags()) tags.push(tag);
  return tags;
}

async function emptyManifest(store: ImageStore, note?: string): Promise<RawManifest> {
  const config = await putBytes(store, MediaType.ociEmpty, Buffer.from('{}'));
  const annotations = note === undefined ? {} : { annotations: { note } };
  return formatManifest({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [], ...annotations });
}

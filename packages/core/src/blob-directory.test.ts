import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inChunks } from '@shale/testing';
import { blobDirectory, touchBlob } from './blob-directory.ts';
import type { LocalBlobStore } from './blob-store.ts';
import type { Digest } from './digest.ts';
import { sha256 } from './digest.ts';
import { BlobMissingError, DigestMismatchError, SizeMismatchError } from './errors.ts';
import { openScratchDirectory } from './files/scratch-directory.ts';
import { readBytes } from './verify-blob.ts';

const bytes = Buffer.alloc(3_000_000, 'some content\n');
const blob = { mediaType: 'text/plain', digest: sha256(bytes), size: bytes.byteLength };
async function listed(store: LocalBlobStore): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const digest of store.list()) digests.push(digest);
  return digests;
}

const content = () => inChunks(bytes, 100_000);

it('blobDirectory() keeps a blob where an OCI image layout has it', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const seen: number[] = [];
  expect(await store.stat(blob.digest)).toBeUndefined();
  await store.put(blob, content, { onBytes: (count) => void seen.push(count) });
  expect(seen.at(-1)).toBe(bytes.byteLength);
  expect(await store.stat(blob.digest)).toBe(bytes.byteLength);
  expect(store.pathOf(blob.digest)).toBe(join(scratch.path, 'blobs/sha256', blob.digest.slice(7)));
  expect(Buffer.from(await readBytes(store.read(blob))).equals(bytes)).toBe(true);
  expect(await listed(store)).toEqual([blob.digest]);
  await store.delete(blob.digest);
  await store.delete(blob.digest);
  expect(await store.stat(blob.digest)).toBeUndefined();
});

it('blobDirectory() files a blob under the algorithm of its digest', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const other = { ...blob, digest: `sha512:${hash('sha512', bytes, 'hex')}` } as const;
  await store.put(other, content);
  expect(await store.stat(other.digest)).toBe(bytes.byteLength);
  expect(await listed(store)).toEqual([other.digest]);
});

it('put() does not read content that is there already', async () => {
  await using scratch = await openScratchDirectory();
  const { put } = blobDirectory(scratch.path);
  await put(blob, content);
  await put(blob, () => {
    throw new Error('read again');
  });
});

it('put() publishes nothing that is not what it should be', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const flipped = Buffer.from(bytes);
  flipped[99] = 0;
  await expect(store.put(blob, () => inChunks(flipped))).rejects.toThrow(DigestMismatchError);
  await expect(store.put(blob, () => inChunks(bytes.subarray(1)))).rejects.toThrow(SizeMismatchError);
  await expect(store.put(blob, () => inChunks(Buffer.concat([bytes, bytes])))).rejects.toThrow(SizeMismatchError);
  expect(await store.stat(blob.digest)).toBeUndefined();
  expect(readdirSync(join(scratch.path, 'ingest'))).toEqual([]);
});

it.each([
  ['a large', bytes],
  ['a small', bytes.subarray(0, 500)],
])('read() says when %s blob is missing, and finds damage at its end', async (_, original) => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  const stored = { ...blob, digest: sha256(original), size: original.byteLength };
  const path = store.pathOf(stored.digest);
  await expect(readBytes(store.read(stored))).rejects.toThrow(BlobMissingError);
  await store.put(stored, () => inChunks(original));
  expect(Buffer.from(await readBytes(store.read(stored))).equals(original)).toBe(true);
  const damaged = Buffer.from(original);
  damaged[5] = 0;
  writeFileSync(path, damaged);
  await expect(readBytes(store.read(stored))).rejects.toThrow(DigestMismatchError);
  writeFileSync(path, Buffer.concat([original, original]));
  await expect(readBytes(store.read(stored))).rejects.toThrow(SizeMismatchError);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(readBytes(store.read(stored, { signal }))).rejects.toThrow();
});

it('startUpload() makes nothing visible before its commit, and leaves nothing without one', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  {
    await using upload = await store.startUpload();
    await upload.write(bytes);
    expect(await listed(store)).toEqual([]);
  }
  expect(readdirSync(join(scratch.path, 'ingest'))).toEqual([]);
  await using upload = await store.startUpload();
  for await (const chunk of content()) await upload.write(chunk);
  expect(await upload.commit('text/plain')).toEqual(blob);
  expect(await store.stat(blob.digest)).toBe(bytes.byteLength);
});

it('startUpload() stops when asked to', async () => {
  await using scratch = await openScratchDirectory();
  const controller = new AbortController();
  await using upload = await blobDirectory(scratch.path).startUpload({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(upload.write(bytes)).rejects.toThrow('enough');
});

it('startUpload() removes what a killed process left a day ago, and nothing younger', async () => {
  await using scratch = await openScratchDirectory();
  const ingest = join(scratch.path, 'ingest');
  mkdirSync(ingest);
  writeFileSync(join(ingest, 'old'), 'x');
  writeFileSync(join(ingest, 'young'), 'x');
  utimesSync(join(ingest, 'old'), Date.now() / 1000 - 90_000, Date.now() / 1000 - 90_000);
  const upload = await blobDirectory(scratch.path).startUpload();
  await upload[Symbol.asyncDispose]();
  expect(existsSync(join(ingest, 'old'))).toBe(false);
  expect(existsSync(join(ingest, 'young'))).toBe(true);
});

it('two uploads of the same blob at once both succeed', async () => {
  await using scratch = await openScratchDirectory();
  const [a, b] = [blobDirectory(scratch.path), blobDirectory(scratch.path)];
  await Promise.all([a.put(blob, content), b.put(blob, content), a.put(blob, content)]);
  expect(Buffer.from(await readBytes(b.read(blob))).equals(bytes)).toBe(true);
});

it('list() passes over what is no blob', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  mkdirSync(join(scratch.path, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(scratch.path, 'blobs/sha256/README'), '');
  expect(await listed(store)).toEqual([]);
});

it('touchBlob() marks the blob as used, and does not mind when there is none', async () => {
  await using scratch = await openScratchDirectory();
  const store = blobDirectory(scratch.path);
  await touchBlob(store, blob.digest);
  await store.put(blob, content);
  utimesSync(store.pathOf(blob.digest), 1, 1);
  await touchBlob(store, blob.digest);
  expect(statSync(store.pathOf(blob.digest)).mtimeMs).toBeGreaterThan(1_000_000);
});

it.runIf(process.getuid?.() === 0)('startUpload() names the place that is full', async () => {
  await using scratch = await openScratchDirectory();
  chmodSync(scratch.path, 0o755);
  const script = `
    import { blobDirectory } from ${JSON.stringify(new URL('blob-directory.ts', import.meta.url).href)};
    await using upload = await blobDirectory(${JSON.stringify(scratch.path)}).startUpload();
    try { for (let at = 0; at < 20; at += 1) await upload.write(new Uint8Array(1 << 20)); }
    catch (error) { process.stdout.write(error.code + ': ' + error.message + ' ' + error.hint); }
  `;
  const mount = `mount -t tmpfs -o size=4m none ${scratch.path} && exec ${process.execPath} --input-type=module -e "$0"`;
  const output = execFileSync('unshare', ['-m', 'sh', '-c', mount, script], { encoding: 'utf8' });
  expect(output).toMatch(/^NO_SPACE: No space left in .*ingest \(0 MiB free\) Free some space/);
});

describe('what somebody else put into a blob directory', () => {
  it.each([
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
    ['a link to /dev/zero', (path: string) => symlinkSync('/dev/zero', path)],
    ['a directory', (path: string) => mkdirSync(path)],
  ])('%s in place of a blob is no blob, and gives way to put()', async (_, make) => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(scratch.path);
    mkdirSync(join(scratch.path, 'blobs/sha256'), { recursive: true });
    make(store.pathOf(blob.digest));
    expect(await store.stat(blob.digest)).toBeUndefined();
    await expect(readBytes(store.read(blob))).rejects.toThrow(BlobMissingError);
    await expect(readBytes(store.read({ ...blob, size: 10 }))).rejects.toThrow(BlobMissingError);
    if (_ === 'a directory') await store.delete(blob.digest);
    await store.put(blob, content);
    expect(Buffer.from(await readBytes(store.read(blob))).equals(bytes)).toBe(true);
  });

  it('a sparse file of 1 TiB in place of a blob is not read', async () => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(scratch.path);
    await store.put(blob, content);
    truncateSync(store.pathOf(blob.digest), 2 ** 40);
    await expect(readBytes(store.read(blob))).rejects.toThrow(SizeMismatchError);
    await expect(readBytes(store.read({ ...blob, size: 10 }))).rejects.toThrow(SizeMismatchError);
  });

  it.each(['blobs', 'blobs/sha256', 'ingest'])('a link in place of %s is not followed', async (name) => {
    await using scratch = await openScratchDirectory();
    const [root, victim] = [join(scratch.path, 'root'), join(scratch.path, 'victim')];
    const hex = blob.digest.slice('sha256:'.length);
    mkdirSync(dirname(join(root, name)), { recursive: true });
    mkdirSync(join(victim, 'sha256'), { recursive: true });
    for (const file of [hex, `sha256/${hex}`]) {
      writeFileSync(join(victim, file), '');
      utimesSync(join(victim, file), 1, 1);
    }
    const before = readdirSync(victim, { recursive: true });
    symlinkSync(victim, join(root, name));
    const store = blobDirectory(root);
    const refused = { code: 'STORE_INVALID', message: `${join(root, name)} is a symbolic link` };
    await expect(store.put(blob, content)).rejects.toMatchObject(refused);
    if (name !== 'ingest') await expect(listed(store)).rejects.toMatchObject(refused);
    if (name !== 'ingest') await expect(store.delete(blob.digest)).rejects.toMatchObject(refused);
    expect(readdirSync(victim, { recursive: true })).toEqual(before);
  });
});

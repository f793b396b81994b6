import { lstat, lutimes, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfMissing } from './files/atomic-file.ts';
import { openUpload, removeAbandonedUploads } from './blob-upload.ts';
import type { BlobContent, BlobUpload, LocalBlobStore, PutBlobOptions, StartUploadOptions } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { digestAlgorithm, digestHex, isDigest } from './digest.ts';
import { BlobMissingError, SizeMismatchError } from './errors.ts';
import { openRegularFile, readCheckedFile } from './files/regular-file.ts';
import { type Access, StoreDirectory } from './files/store-directory.ts';
import { verifyBlob } from './verify-blob.ts';

const READ_CHUNK_BYTES = 1024 * 1024;
/** Blobs up to this size are read at once: a stream costs more than its bytes. */
const SMALL_BLOB_BYTES = 64 * 1024;

export interface BlobDirectoryOptions {
  /** @default 'owner' */
  readonly access?: Access | undefined;
}

/**
 * Blobs as files, `<root>/blobs/<algorithm>/<hex>`: the blob half of an OCI image layout. Any number of processes may
 * share it. A file appears only when it is whole, verified and flushed. Files are read only when they are regular ones,
 * and nothing is written, listed or removed through a symlink below `root`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#blobs
 */
export function blobDirectory(root: string, { access }: BlobDirectoryOptions = {}): LocalBlobStore {
  const store = new StoreDirectory(root, access);
  const pathOf = (digest: Digest) => join(root, 'blobs', digestAlgorithm(digest), digestHex(digest));
  const sizeOf = async (digest: Digest) => {
    const found = await lstat(pathOf(digest)).catch(undefinedIfMissing);
    return found?.isFile() === true ? found.size : undefined;
  };
  const swept = once(() => removeAbandonedUploads(store).catch(() => {})); // leftovers may stay
  const startUpload = async (options?: StartUploadOptions) => {
    await swept();
    return openUpload(store, options);
  };
  return {
    root,
    pathOf,
    startUpload,
    stat: sizeOf,
    read: (blob, options) => verifyBlob(blob, readFileChunks(pathOf(blob.digest), blob, options)),
    async put(blob, content, options) {
      if ((await sizeOf(blob.digest)) === blob.size) return;
      await using upload = await startUpload({ signal: options?.signal, algorithm: digestAlgorithm(blob.digest) });
      await copyInto(upload, blob, content, options);
    },
    async delete(digest) {
      if (!(await store.has('blobs', digestAlgorithm(digest)))) return;
      await rm(pathOf(digest), { force: true, recursive: true }); // whatever took the place of the blob
    },
    async *list() {
      for (const algorithm of ['sha256', 'sha512']) {
        if (!(await store.has('blobs', algorithm))) continue;
        for await (const { name } of await opendir(join(root, 'blobs', algorithm))) {
          const digest = `${algorithm}:${name}`;
          if (isDigest(digest)) yield digest;
        }
      }
    },
  };
}

function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= run());
}

async function copyInto(
  upload: BlobUpload,
  blob: Descriptor,
  content: BlobContent,
  options?: PutBlobOptions,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of content()) {
    options?.signal?.throwIfAborted();
    bytes += chunk.byteLength;
    if (bytes > blob.size) throw new SizeMismatchError(blob, bytes);
    await upload.write(chunk);
    options?.onBytes?.(bytes);
  }
  await upload.commit(blob.mediaType, blob);
}

/**
 * @throws {BlobMissingError} also where something else than a regular file has the name.
 * @throws {SizeMismatchError} before a byte of a file of another size is read.
 */
async function* readFileChunks(path: string, blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array> {
  options?.signal?.throwIfAborted();
  const missing = (cause?: string) => new BlobMissingError(blob.digest, path, { cause });
  const checkSize = (sizeBytes: number) => {
    if (sizeBytes !== blob.size) throw new SizeMismatchError(blob, sizeBytes);
  };
  if (blob.size <= SMALL_BLOB_BYTES) {
    const bytes = await readCheckedFile(path, { fail: missing, checkSize });
    if (bytes === undefined) throw missing();
    yield bytes;
    return;
  }
  await using opened = await openRegularFile(path, missing);
  if (opened === undefined) throw missing();
  checkSize(opened.stats.size);
  const stream = { highWaterMark: READ_CHUNK_BYTES, signal: options?.signal, autoClose: false };
  yield* opened.file.createReadStream(stream);
}

/** Marks a blob as used now, for eviction by last use. A read-only store stays as it is. */
export async function touchBlob(store: LocalBlobStore, digest: Digest): Promise<void> {
  const now = new Date();
  await lutimes(store.pathOf(digest), now, now).catch(() => undefined);
}

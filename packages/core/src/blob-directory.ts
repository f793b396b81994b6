import { createReadStream } from 'node:fs';
import { opendir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfMissing } from './files/atomic-file.ts';
import { openUpload, removeAbandonedUploads } from './blob-upload.ts';
import type { BlobContent, BlobUpload, LocalBlobStore, PutBlobOptions, StartUploadOptions } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { digestAlgorithm, digestHex, isDigest } from './digest.ts';
import { BlobMissingError, SizeMismatchError } from './errors.ts';
import { verifyBlob } from './verify-blob.ts';

const READ_CHUNK_BYTES = 1024 * 1024;
/** Up to this size a blob, such as a manifest, is read without a stream, which would cost more than the bytes. */
const SMALL_BLOB_BYTES = 64 * 1024;

/**
 * Blobs as files, `<root>/blobs/<algorithm>/<hex>`: the blob half of an OCI image layout. Any number of processes may
 * share it. A file appears only when it is whole, verified and flushed.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#blobs
 */
export function blobDirectory(root: string): LocalBlobStore {
  const blobs = join(root, 'blobs');
  const pathOf = (digest: Digest) => join(blobs, digestAlgorithm(digest), digestHex(digest));
  const sizeOf = async (digest: Digest) => {
    const found = await stat(pathOf(digest)).catch(undefinedIfMissing);
    return found?.isFile() === true ? found.size : undefined;
  };
  const ingest = join(root, 'ingest');
  const swept = once(() => removeAbandonedUploads(ingest).catch(() => {})); // housekeeping may fail
  const startUpload = async (options?: StartUploadOptions) => {
    await swept();
    return openUpload(ingest, pathOf, options);
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
    delete: (digest) => rm(pathOf(digest), { force: true }),
    async *list() {
      for (const algorithm of ['sha256', 'sha512']) {
        const directory = await opendir(join(blobs, algorithm)).catch(undefinedIfMissing);
        if (directory === undefined) continue;
        for await (const { name } of directory) {
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

async function* readFileChunks(path: string, blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array> {
  options?.signal?.throwIfAborted();
  try {
    if (blob.size <= SMALL_BLOB_BYTES) yield await readFile(path);
    else yield* createReadStream(path, { highWaterMark: READ_CHUNK_BYTES, signal: options?.signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new BlobMissingError(blob.digest, path, { cause: error });
    throw error;
  }
}

/** Marks a blob as used now, for eviction by last use. A read-only store stays as it is. */
export async function touchBlob(store: LocalBlobStore, digest: Digest): Promise<void> {
  const now = new Date();
  await utimes(store.pathOf(digest), now, now).catch(() => undefined);
}

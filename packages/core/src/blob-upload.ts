import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flushDirectory, undefinedIfMissing } from './files/atomic-file.ts';
import type { BlobUpload, StartUploadOptions } from './blob-store.ts';
import { DigestMeter, digestAlgorithm, digestHex } from './digest.ts';
import type { StoreDirectory } from './files/store-directory.ts';
import { noSpace } from './files/no-space.ts';
import { requireSame } from './verify-blob.ts';

/** The disk starts to write each time this many bytes have come, so that the flush at the end is short. */
const FLUSH_BYTES = 32 * 1024 * 1024;
/** An upload that was not written to for a day belongs to a process that was killed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** The directory of half-written blobs, beside `blobs`. */
export const INGEST = 'ingest';

/** Writes a blob in `ingest`, and renames it to the name of its digest when it is whole and flushed. */
export async function openUpload(store: StoreDirectory, options?: StartUploadOptions): Promise<BlobUpload> {
  const ingest = await store.make(INGEST).catch(noSpace(store.root));
  const temporary = join(ingest, randomBytes(12).toString('hex'));
  const file = await store.create(temporary).catch(noSpace(ingest));
  const meter = new DigestMeter(options?.algorithm);
  const flusher = new Flusher(file);
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await flusher.settled();
    await file.close();
  };
  return {
    async write(chunk) {
      options?.signal?.throwIfAborted();
      const writing = writeAll(file, chunk).catch(noSpace(ingest));
      meter.update(chunk); // while the disk writes
      await writing;
      flusher.wrote(chunk.byteLength);
    },
    async commit(mediaType, expected) {
      const descriptor = { mediaType, digest: meter.digest(), size: meter.size };
      if (expected) requireSame(descriptor, expected);
      await flusher.finish().catch(noSpace(ingest));
      await close();
      const directory = await store.make('blobs', digestAlgorithm(descriptor.digest)).catch(noSpace(store.root));
      await rename(temporary, join(directory, digestHex(descriptor.digest)));
      await flushDirectory(directory);
      return descriptor;
    },
    async [Symbol.asyncDispose]() {
      await close();
      await rm(temporary, { force: true });
    },
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
}

class Flusher {
  readonly #file: FileHandle;
  #unflushed = 0;
  #running: Promise<void> | undefined;
  #failure: unknown;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  wrote(bytes: number): void {
    this.#unflushed += bytes;
    if (this.#unflushed < FLUSH_BYTES || this.#running !== undefined) return;
    this.#unflushed = 0;
    const flushing = this.#file.datasync().finally(() => (this.#running = undefined));
    flushing.catch((error: unknown) => (this.#failure ??= error));
    this.#running = flushing;
  }

  /** The kernel reports a failed write-back once, so an earlier failure is reported here. */
  async finish(): Promise<void> {
    await this.settled();
    if (this.#failure !== undefined) throw this.#failure;
    await this.#file.sync();
  }

  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }
}

/** Removes the uploads of processes that were killed. */
export async function removeAbandonedUploads(store: StoreDirectory, now: number = Date.now()): Promise<void> {
  if (!(await store.has(INGEST))) return;
  for (const name of await readdir(join(store.root, INGEST))) {
    const path = join(store.root, INGEST, name);
    const found = await lstat(path).catch(undefinedIfMissing);
    if (found !== undefined && now - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushDirectory, undefinedIfMissing } from './files/atomic-file.ts';
import type { BlobUpload, StartUploadOptions } from './blob-store.ts';
import type { Digest } from './digest.ts';
import { DigestMeter } from './digest.ts';
import { noSpace } from './files/no-space.ts';
import { requireSame } from './verify-blob.ts';

/** The disk starts on what is written so far each time this much came, so that the flush at the end is short. */
const FLUSH_BYTES = 32 * 1024 * 1024;
/** An upload that nothing was written to for a day belongs to a process that died. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Writes beside the blobs, in `ingest`, and renames the whole and flushed file to where `pathOf` puts its digest. */
export async function openUpload(
  ingest: string,
  pathOf: (digest: Digest) => string,
  options?: StartUploadOptions,
): Promise<BlobUpload> {
  await mkdir(ingest, { recursive: true });
  const temporary = join(ingest, randomBytes(12).toString('hex'));
  const file = await open(temporary, 'wx', 0o644).catch(noSpace(ingest));
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
      meter.update(chunk); // meanwhile
      await writing;
      flusher.wrote(chunk.byteLength);
    },
    async commit(mediaType, expected) {
      const descriptor = { mediaType, digest: meter.digest(), size: meter.size };
      if (expected) requireSame(descriptor, expected);
      await flusher.finish().catch(noSpace(ingest));
      await close();
      const path = pathOf(descriptor.digest);
      await mkdir(dirname(path), { recursive: true });
      await rename(temporary, path);
      await flushDirectory(dirname(path));
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

  /** The kernel reports a failed write-back once, so one from on the way counts here too. */
  async finish(): Promise<void> {
    await this.settled();
    if (this.#failure !== undefined) throw this.#failure;
    await this.#file.sync();
  }

  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }
}

/** Removes what processes left behind that were killed while they wrote. */
export async function removeAbandonedUploads(ingest: string, now: number = Date.now()): Promise<void> {
  const names = (await readdir(ingest).catch(undefinedIfMissing)) ?? [];
  for (const name of names) {
    const path = join(ingest, name);
    const found = await stat(path).catch(undefinedIfMissing);
    if (found !== undefined && now - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

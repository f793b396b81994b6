import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushDirectory, undefinedIfMissing } from '@shale/core';
import { isOrphan, ownedName } from './owner.ts';

/** One of another machine that nothing was written to for an hour belongs to a process that died. */
const ABANDONED_MS = 60 * 60 * 1000;
const WRITE_BYTES = 512 * 1024;
/** The disk starts on what is written so far each time this much came, so that the flush at the end is short. */
const FLUSH_BYTES = 64 * 1024 * 1024;

/** A file that is written anywhere in it, in any order, and gets its name when it is whole. Disposing it before leaves nothing. */
export interface PartialFile extends AsyncDisposable {
  readonly path: string;
  writeAt(offset: number, content: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<void>;
  /** Flushes, gives it the name `path`, and flushes that. */
  publish(path: string): Promise<void>;
}

/** Opens one of exactly `sizeBytes`, zero where nothing is written. */
export async function openPartialFile(directory: string, sizeBytes: number): Promise<PartialFile> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, ownedName());
  const file = await open(path, 'wx', 0o644);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  const abandon = async () => {
    await close();
    await rm(path, { force: true });
  };
  try {
    await file.truncate(sizeBytes);
    await file.chmod(0o644); // whatever the umask: readers are other users
  } catch (error) {
    await abandon();
    throw error;
  }
  return {
    path,
    writeAt: (offset, content, onBytes = () => undefined) => writeStream(file, { offset, content, onBytes }),
    async publish(name) {
      await file.sync();
      await close();
      await rename(path, name);
      await flushDirectory(dirname(name));
    },
    [Symbol.asyncDispose]: abandon,
  };
}

interface Writing {
  readonly offset: number;
  readonly content: AsyncIterable<Uint8Array>;
  readonly onBytes: (bytes: number) => void;
}

/** Reads on while the piece before is being written. */
async function writeStream(file: FileHandle, { offset, content, onBytes }: Writing): Promise<void> {
  let position = offset;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let unflushed = 0;
  let writing: Promise<void> = Promise.resolve();
  const write = async (chunks: Uint8Array[], at: number, bytes: number) => {
    await writeAll(file, chunks, at);
    unflushed += bytes;
    if (unflushed >= FLUSH_BYTES) {
      unflushed = 0;
      await file.datasync();
    }
    onBytes(bytes);
  };
  const next = async () => {
    await writing;
    writing = write(pending, position, pendingBytes);
    writing.catch(() => undefined); // awaited before the next piece
    position += pendingBytes;
    pending = [];
    pendingBytes = 0;
  };
  try {
    for await (const chunk of content) {
      pending.push(chunk);
      pendingBytes += chunk.byteLength;
      if (pendingBytes >= WRITE_BYTES) await next();
    }
    await next();
  } finally {
    await writing.catch(() => undefined); // nothing touches the file once this has settled
  }
  await writing;
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], offset: number): Promise<void> {
  let position = offset;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const { bytesWritten } = await file.write(chunk, at, chunk.byteLength - at, position);
      at += bytesWritten;
      position += bytesWritten;
    }
  }
}

/** Writes a whole small file: readers see the old content or the new. */
export async function publishFile(directory: string, path: string, content: string | Uint8Array): Promise<void> {
  const bytes = Buffer.from(content);
  await using file = await openPartialFile(directory, bytes.byteLength);
  await mkdir(dirname(path), { recursive: true });
  await file.writeAt(0, once(bytes));
  await file.publish(path);
}

export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Removes what warmers left that were killed while they wrote. */
export async function removeAbandonedFiles(directory: string, now: number = Date.now()): Promise<void> {
  const names = (await readdir(directory).catch(undefinedIfMissing)) ?? [];
  for (const name of names) {
    const path = join(directory, name);
    const modified = isOrphan(name) ? 0 : (await stat(path).catch(undefinedIfMissing))?.mtimeMs;
    if (modified !== undefined && now - modified > ABANDONED_MS) await rm(path, { force: true });
  }
}

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushDirectory } from '@shale/core/files';
import { ownedName } from './owner.ts';

const WRITE_BYTES = 512 * 1024;
/** The disk starts to write each time this many bytes have come, so that the flush at the end is short. */
const FLUSH_BYTES = 64 * 1024 * 1024;

interface Writing {
  readonly offset: number;
  readonly content: AsyncIterable<Uint8Array>;
  readonly onBytes: (bytes: number) => void;
}

/** Reads the next piece while the previous one is written. */
export async function writeStream(file: FileHandle, { offset, content, onBytes }: Writing): Promise<void> {
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
    writing.catch(() => undefined); // its failure is thrown before the next piece
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
    await writing.catch(() => undefined); // afterwards nothing writes to the file any more
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

/** Writes a small file into an existing directory. Readers see the old content or the new one. */
export async function publishFile(directory: string, path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true });
  const partial = join(directory, ownedName());
  try {
    await using file = await open(partial, 'wx', 0o644);
    await file.chmod(0o644); // whatever the umask is: other users read the file
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await rename(partial, path);
  await flushDirectory(dirname(path));
}

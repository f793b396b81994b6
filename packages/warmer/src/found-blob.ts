import { BlobMissingError, type CallOptions, type Descriptor } from '@shale/core';
import { openRegularFile } from '@shale/core/files';

/** A blob of an image in the directory. */
export interface FoundBlob {
  readonly blob: Descriptor;
  readonly path: string;
  /** The offset in bytes from the start of the file. */
  readonly offset: number;
  /** Whether the file contains the blob alone. */
  readonly isWholeFile: boolean;
}

export interface ReadStoredOptions extends CallOptions {
  /** The first byte of the blob to read. @default 0 */
  readonly start?: number | undefined;
  /** The byte after the last one. @default the size of the blob */
  readonly end?: number | undefined;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads bytes of a blob without verifying them.
 * @throws {BlobMissingError} when the file is missing, or is not a regular file.
 */
export async function* readStoredBytes(
  { path, blob, offset }: FoundBlob,
  { start = 0, end = blob.size, signal }: ReadStoredOptions = {},
): AsyncGenerator<Uint8Array> {
  if (start >= end) return;
  const missing = () => new BlobMissingError(blob.digest, path);
  await using opened = await openRegularFile(path, missing);
  if (opened === undefined) throw missing();
  const range = { start: offset + start, end: offset + end - 1 };
  const options = { ...range, highWaterMark: CHUNK_BYTES, signal, autoClose: false };
  for await (const chunk of opened.file.createReadStream(options)) yield chunk as Uint8Array;
}

import type { BlobSource } from './blob-store.ts';
import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import { DigestMeter, digestAlgorithm } from './digest.ts';
import { DigestMismatchError, SizeMismatchError } from './errors.ts';

type BlobIdentity = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Passes `content` through, and ends without an error only when it was `blob`. Stops reading at the first excess byte.
 * @throws {SizeMismatchError} @throws {DigestMismatchError}
 */
export async function* verifyBlob(blob: BlobIdentity, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const meter = new DigestMeter(digestAlgorithm(blob.digest));
  for await (const chunk of content) {
    meter.update(chunk);
    if (meter.size > blob.size) throw new SizeMismatchError(blob, meter.size);
    yield chunk;
  }
  requireSame({ digest: meter.digest(), size: meter.size }, blob);
}

/** @throws {SizeMismatchError} @throws {DigestMismatchError} unless what was read is the blob. */
export function requireSame(read: BlobIdentity, blob: BlobIdentity): void {
  if (read.size !== blob.size) throw new SizeMismatchError(blob, read.size);
  if (read.digest !== blob.digest) throw new DigestMismatchError(blob.digest, read.digest);
}

/**
 * Lets `consume` read a blob. When `consume` fails before the end of the blob, the blob is read again to find out whether
 * its bytes are wrong: that is then the error, instead of what wrong bytes made `consume` throw.
 * @throws {DigestMismatchError} @throws {SizeMismatchError}
 */
export async function consumeBlob<T>(
  { blob, blobs, signal }: CallOptions & { readonly blob: Descriptor; readonly blobs: BlobSource },
  consume: (content: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  async function* read(): AsyncIterable<Uint8Array> {
    try {
      yield* blobs.read(blob, { signal });
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    return await consume(read());
  } catch (error) {
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure.error;
    for await (const _ of blobs.read(blob, { signal }));
    throw error;
  }
}

/** Reads a small verified blob whole. */
export async function readBytes(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

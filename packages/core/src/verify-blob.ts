import type { Descriptor } from './descriptor.ts';
import { DigestMeter, digestAlgorithm } from './digest.ts';
import { DigestMismatchError, SizeMismatchError } from './errors.ts';

/**
 * Passes `content` through and ends normally only when it was `blob`: reading stops at the first byte too many.
 * @throws {SizeMismatchError} @throws {DigestMismatchError}
 */
export async function* verifyBlob(
  blob: Pick<Descriptor, 'digest' | 'size'>,
  content: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const meter = new DigestMeter(digestAlgorithm(blob.digest));
  for await (const chunk of content) {
    meter.update(chunk);
    if (meter.size > blob.size) throw new SizeMismatchError(blob, meter.size);
    yield chunk;
  }
  if (meter.size !== blob.size) throw new SizeMismatchError(blob, meter.size);
  const actual = meter.digest();
  if (actual !== blob.digest) throw new DigestMismatchError(blob.digest, actual);
}

/** Reads a small verified blob whole. */
export async function readBytes(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

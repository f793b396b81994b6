import type { Digest, RawManifest } from '@shale/core';
import { DigestMismatchError, MAX_MANIFEST_BYTES, MediaType, sha256, StoreInvalidError } from '@shale/core';

const HEADER = /^shale-record (?<digest>sha256:[0-9a-f]{64})\n/;
const HEADER_BYTES = Buffer.byteLength(`shale-record sha256:${'0'.repeat(64)}\n`);

/** The size limit of a record's file. */
export const MAX_RECORD_BYTES: number = HEADER_BYTES + MAX_MANIFEST_BYTES;

/** The content of a record's file: a line with the digest of the manifest, then the manifest. Damage to either is detected. */
export function encodeRecord(raw: RawManifest): Buffer {
  return Buffer.concat([Buffer.from(`shale-record ${raw.digest}\n`), raw.bytes]);
}

/**
 * @throws {StoreInvalidError} when the file has no such line.
 * @throws {DigestMismatchError} when the manifest has another digest than the line says.
 */
export function decodeRecord(content: Buffer): RawManifest {
  const expected = HEADER.exec(content.toString('latin1', 0, HEADER_BYTES))?.groups?.['digest'] as Digest | undefined;
  if (expected === undefined) throw new StoreInvalidError('The cache record has no header');
  const bytes = content.subarray(HEADER_BYTES);
  const digest = sha256(bytes);
  if (digest !== expected) throw new DigestMismatchError(expected, digest);
  return { mediaType: MediaType.ociManifest, digest, bytes };
}

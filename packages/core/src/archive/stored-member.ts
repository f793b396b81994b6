import { crc32 } from 'node:zlib';

/** A gzip header without name or time, of the fastest level, from Unix: what zlib writes at level 0. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3]);
const PIECE_BYTES = 0xffff;
const PIECE_HEADER_BYTES = 5;
const TRAILER_BYTES = 8;

/** The length of a gzip member that stores this many bytes. */
export function storedMemberBytes(bytes: number): number {
  const pieces = Math.max(Math.ceil(bytes / PIECE_BYTES), 1);
  return HEADER.byteLength + pieces * PIECE_HEADER_BYTES + bytes + TRAILER_BYTES;
}

/**
 * Writes a gzip member that stores `content` as it is, byte for byte as zlib does at level 0, and returns the part of
 * `target` that it takes.
 * @see https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
 */
export function writeStoredMember(target: Buffer, content: Uint8Array): Buffer {
  let to = HEADER.copy(target);
  let from = 0;
  do {
    const piece = content.subarray(from, from + PIECE_BYTES);
    from += piece.byteLength;
    to = target.writeUInt8(from === content.byteLength ? 1 : 0, to);
    to = target.writeUInt16LE(piece.byteLength, to);
    to = target.writeUInt16LE(PIECE_BYTES - piece.byteLength, to); // its complement
    target.set(piece, to);
    to += piece.byteLength;
  } while (from < content.byteLength);
  to = target.writeUInt32LE(crc32(content), to);
  to = target.writeUInt32LE(content.byteLength, to);
  return target.subarray(0, to);
}

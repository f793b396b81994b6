import { decompress, sniffCompression } from './decompression.ts';
import { DecompressorMissingError } from '../errors.ts';
import { peek } from './peek.ts';
import { isZeroBlock, parseHeader } from './parse-header.ts';
import { BLOCK_BYTES } from './tar-format.ts';

/** How many first bytes of a file `looksLikeArchive` needs. */
export const ARCHIVE_HEAD_BYTES: number = BLOCK_BYTES;

/**
 * Whether content begins as an archive may: with a tar header, or compressed. Compressed content need not be a tar;
 * `isArchive` decompresses it to tell.
 */
export function looksLikeArchive(head: Uint8Array): boolean {
  return sniffCompression(head) !== undefined || isTarHeader(head);
}

/**
 * Whether content is a tar archive: plain, or within gzip, bzip2, xz or zstd. Reads only its beginning, and closes it.
 * @throws {DecompressorMissingError} when a program is needed to decompress it, and is not installed.
 */
export async function isArchive(content: AsyncIterable<Uint8Array>): Promise<boolean> {
  await using peeked = await peek(content, BLOCK_BYTES);
  if (sniffCompression(peeked.start) === undefined) return isTarHeader(peeked.start);
  return isTarHeader(await decompressedHead(peeked.all));
}

/** Returns no bytes for damaged content: that is no archive. */
async function decompressedHead(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  try {
    await using peeked = await peek(decompress(content), BLOCK_BYTES);
    return peeked.start;
  } catch (error) {
    if (error instanceof DecompressorMissingError) throw error;
    return new Uint8Array();
  }
}

/** The checksum decides, as for `tar` itself: the oldest archives have no magic. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.byteLength < BLOCK_BYTES) return false;
  const block = Buffer.from(head.buffer, head.byteOffset, BLOCK_BYTES);
  if (isZeroBlock(block, 0)) return false;
  try {
    parseHeader(block, 0, 0);
    return true;
  } catch {
    return false;
  }
}

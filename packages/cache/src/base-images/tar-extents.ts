import type { FileHandle } from 'node:fs/promises';
import { ArchiveInvalidError } from '@shale/core';

export interface Extent {
  /** The offset in bytes from the start of the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK_BYTES = 512;
const MAX_ENTRIES = 100_000;
const MAX_PAX_BYTES = 64 * 1024;

/**
 * Finds the files in an uncompressed archive. Reads the headers and skips the contents, so that an archive of many gigabytes
 * takes a few reads. Supports what `docker save` writes: short names, no links.
 * @throws {ArchiveInvalidError}
 */
export async function readTarExtents(file: FileHandle): Promise<ReadonlyMap<string, Extent>> {
  const extents = new Map<string, Extent>();
  const header = Buffer.alloc(BLOCK_BYTES);
  let paxSize: number | undefined;
  for (let offset = 0; extents.size < MAX_ENTRIES; ) {
    const { bytesRead } = await file.read(header, 0, BLOCK_BYTES, offset);
    if (bytesRead < BLOCK_BYTES || header.every((byte) => byte === 0)) return extents;
    checkHeader(header, offset);
    const size = paxSize ?? readSize(header);
    const type = header.toString('latin1', 156, 157);
    paxSize = type === 'x' ? await readPaxSize(file, offset + BLOCK_BYTES, size) : undefined;
    if (type === '0' || type === '\0') extents.set(readName(header), { offset: offset + BLOCK_BYTES, size });
    offset += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new ArchiveInvalidError(`The archive has more than ${MAX_ENTRIES} entries`);
}

function checkHeader(header: Buffer, offset: number): void {
  const stated = Number.parseInt(header.toString('latin1', 148, 156), 8);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (stated !== sum) throw new ArchiveInvalidError(`The archive has no header at byte ${offset}`);
}

function readName(header: Buffer): string {
  const text = (start: number, length: number) =>
    header.toString('utf8', start, start + length).split('\0', 1)[0] as string;
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(345, 155) : '';
  return `${prefix === '' ? '' : `${prefix}/`}${text(0, 100)}`.replace(/^\.\//, '');
}

/** Octal digits; from 8 GiB on a binary number with the top bit set. */
function readSize(header: Buffer): number {
  const isBinary = (header[124] ?? 0) >= 0x80;
  const size = isBinary
    ? Number(header.readBigUInt64BE(128))
    : Number.parseInt(header.toString('latin1', 124, 136).replaceAll('\0', ' ').trim() || '0', 8);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new ArchiveInvalidError('The archive has an entry without a valid size');
}

async function readPaxSize(file: FileHandle, offset: number, length: number): Promise<number | undefined> {
  if (length > MAX_PAX_BYTES) throw new ArchiveInvalidError(`The archive has an extended header of ${length} bytes`);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(buffer.toString('latin1', 0, bytesRead))?.[1];
  return size === undefined ? undefined : Number(size);
}

/** The ustar header, field by field. @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */

export const BLOCK_BYTES = 512;

interface FieldPlace {
  readonly at: number;
  readonly length: number;
}

export type FieldName =
  | 'name'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'size'
  | 'mtime'
  | 'checksum'
  | 'type'
  | 'linkName'
  | 'magic'
  | 'deviceMajor'
  | 'deviceMinor'
  | 'prefix';

export const Field: Readonly<Record<FieldName, FieldPlace>> = {
  name: { at: 0, length: 100 },
  mode: { at: 100, length: 8 },
  uid: { at: 108, length: 8 },
  gid: { at: 116, length: 8 },
  size: { at: 124, length: 12 },
  mtime: { at: 136, length: 12 },
  checksum: { at: 148, length: 8 },
  type: { at: 156, length: 1 },
  linkName: { at: 157, length: 100 },
  magic: { at: 257, length: 8 },
  deviceMajor: { at: 329, length: 8 },
  deviceMinor: { at: 337, length: 8 },
  prefix: { at: 345, length: 155 },
};

/** Type flags, as character codes. */
export const TypeFlag = {
  oldFile: 0,
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  character: 0x33,
  block: 0x34,
  directory: 0x35,
  fifo: 0x36,
  contiguous: 0x37,
  gnuDumpDirectory: 0x44,
  gnuLongLink: 0x4b,
  gnuLongName: 0x4c,
  gnuMultiVolume: 0x4d,
  gnuSparse: 0x53,
  gnuVolume: 0x56,
  paxGlobal: 0x67,
  paxNext: 0x78,
} as const;

/** POSIX magic and version. GNU's is `ustar  \0`, with other fields in the place of `prefix`. */
export const USTAR_MAGIC = 'ustar\x0000';

const SPACE = 0x20;

/** The sum of the header's bytes, its own field counted as spaces. */
export function headerChecksum(block: Uint8Array, at: number): number {
  let sum = 0;
  for (let index = at; index < at + BLOCK_BYTES; index += 1) sum += block[index] as number;
  const { at: field, length } = Field.checksum;
  for (let index = at + field; index < at + field + length; index += 1) sum += SPACE - (block[index] as number);
  return sum;
}

/** The same sum over signed bytes, as some very old tools wrote it. */
export function signedChecksum(block: Uint8Array, at: number): number {
  let high = 0;
  const { at: field, length } = Field.checksum;
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const inField = index >= field && index < field + length;
    if (!inField && (block[at + index] as number) > 127) high += 256;
  }
  return headerChecksum(block, at) - high;
}

/** Bytes from the end of `size` bytes of content to the next block. */
export function paddingAfter(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

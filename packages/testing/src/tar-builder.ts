/**
 * Writes archives byte by byte, for tests with archives that no honest tool writes: any byte in any field, false sizes, broken
 * checksums. Text is Latin-1, so that a string can hold any byte.
 */
export interface RawTarFields {
  readonly name?: string | undefined;
  /** Type flag, one character. @default '0', a file */
  readonly type?: string | undefined;
  readonly mode?: number | string | undefined;
  readonly uid?: number | string | undefined;
  readonly gid?: number | string | undefined;
  /** @default the length of the content */
  readonly size?: number | string | undefined;
  readonly mtime?: number | string | undefined;
  readonly linkName?: string | undefined;
  readonly magic?: string | undefined;
  readonly deviceMajor?: number | string | undefined;
  readonly deviceMinor?: number | string | undefined;
  readonly prefix?: string | undefined;
  /** @default the right one */
  readonly checksum?: number | string | undefined;
}

const BLOCK_BYTES = 512;

/** Two zero blocks: the end of an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

/** One entry: header, content, padding. Numbers become octal digits; strings are written as they are. */
export function rawTarEntry(fields: RawTarFields, content: string | Uint8Array = ''): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : Buffer.from(content);
  const header = Buffer.alloc(BLOCK_BYTES);
  const put = (at: number, length: number, value: number | string) => {
    const text = typeof value === 'number' ? value.toString(8).padStart(length - 1, '0') : value;
    header.write(text.slice(0, length), at, 'latin1');
  };
  put(0, 100, fields.name ?? '');
  put(100, 8, fields.mode ?? 0o644);
  put(108, 8, fields.uid ?? 0);
  put(116, 8, fields.gid ?? 0);
  put(124, 12, fields.size ?? bytes.byteLength);
  put(136, 12, fields.mtime ?? 0);
  put(156, 1, fields.type ?? '0');
  put(157, 100, fields.linkName ?? '');
  put(257, 8, fields.magic ?? 'ustar\x0000');
  put(329, 8, fields.deviceMajor ?? 0);
  put(337, 8, fields.deviceMinor ?? 0);
  put(345, 155, fields.prefix ?? '');
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, 8, fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([header, padded(bytes)]);
}

/** An extended header for the next entry (`x`) or for all that follow (`g`). */
export function paxHeader(records: readonly (readonly [key: string, value: string])[], type: 'x' | 'g' = 'x'): Buffer {
  return rawTarEntry({ name: 'PaxHeaders/x', type }, records.map(([key, value]) => paxRecord(key, value)).join(''));
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return `${length}${body}`;
}

/** GNU's header for a long name (`L`) or a long link (`K`) of the next entry. */
export function gnuLongHeader(type: 'L' | 'K', text: string): Buffer {
  return rawTarEntry({ name: '././@LongLink', type, magic: 'ustar  \0' }, `${text}\0`);
}

/** A whole archive. */
export function rawTar(...entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...entries, TAR_END]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK_BYTES - (bytes.byteLength % BLOCK_BYTES)) % BLOCK_BYTES)]);
}

/** Bytes as a stream, in pieces of `chunkBytes`. */
export async function* inChunks(bytes: Uint8Array, chunkBytes: number = bytes.byteLength): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

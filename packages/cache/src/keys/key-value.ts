/** What a step's result may depend on. A map is encoded in the order of its names, a list in its own order. */
export type KeyValue = string | Uint8Array | readonly KeyValue[] | ReadonlyMap<string, KeyValue>;

const TAG = { text: 't', surrogates: 'w', bytes: 'b', list: 'l', map: 'm' } as const;
const HEADER_BYTES = 5;

/**
 * Encodes a value as bytes, with a type tag and a length before everything. No encoding is the start of another one, so that
 * a sequence of encodings can be read in one way only, and different values never have equal bytes.
 */
export function encodeKeyValue(value: KeyValue): Buffer {
  const pieces: Uint8Array[] = [];
  writeValue(value, pieces);
  return Buffer.concat(pieces);
}

function writeValue(value: KeyValue, out: Uint8Array[]): void {
  if (typeof value === 'string') return writeText(value, out);
  if (value instanceof Uint8Array) return writeBytes(TAG.bytes, value, out);
  if (isMap(value)) return writeMap(value, out);
  out.push(header(TAG.list, value.length));
  for (const item of value) writeValue(item, out);
  return undefined;
}

/** UTF-8 cannot encode lone surrogates, which names that are not UTF-8 contain. Such text keeps its UTF-16 units. */
function writeText(text: string, out: Uint8Array[]): void {
  if (text.isWellFormed()) return writeBytes(TAG.text, Buffer.from(text, 'utf8'), out);
  return writeBytes(TAG.surrogates, Buffer.from(text, 'utf16le'), out);
}

function writeBytes(tag: string, bytes: Uint8Array, out: Uint8Array[]): void {
  out.push(header(tag, bytes.byteLength), bytes);
}

function writeMap(map: ReadonlyMap<string, KeyValue>, out: Uint8Array[]): void {
  out.push(header(TAG.map, map.size));
  const names = [...map.keys()].sort(); // by UTF-16 unit: the same on every machine and in every locale
  for (const name of names) {
    writeText(name, out);
    writeValue(map.get(name) as KeyValue, out);
  }
}

/** The number of bytes that follow, or of items. */
function header(tag: string, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(tag, 0, 'latin1');
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const isMap = (value: KeyValue): value is ReadonlyMap<string, KeyValue> => value instanceof Map;

import { readdirSync } from 'node:fs';

/**
 * Linux names are bytes. Here a name is a string: UTF-8 decoded, and each byte that is not UTF-8 kept as the lone
 * surrogate U+DC00 + byte (Python's `surrogateescape`). `encodePath` is the exact inverse.
 */
export function decodePath(bytes: Buffer, start = 0, end: number = bytes.byteLength): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\uFFFD') ? decodeEscaped(bytes.subarray(start, end)) : text;
}

function decodeEscaped(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.byteLength; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const piece = bytes.toString('utf8', at, at + length);
    const valid = length > 0 && Buffer.from(piece).equals(bytes.subarray(at, at + length));
    text += valid ? piece : String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at += valid ? length : 1;
  }
  return text;
}

/** The length of the UTF-8 sequence that starts with this byte; 0 when none can. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

export function encodePath(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path);
  const bytes: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    const isEscape = code >= 0xdc80 && code <= 0xdcff;
    bytes.push(isEscape ? Buffer.of(code - 0xdc00) : Buffer.from(character));
  }
  return Buffer.concat(bytes);
}

/** The path for `node:fs` and system calls: a string when it is UTF-8, which is faster, else bytes. */
export function hostPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodePath(path);
}

/** The names in a directory, in no order. Use it instead of `readdir`, which mangles names that are not UTF-8. */
export function readNames(directory: string): string[] {
  const path = hostPath(directory);
  const names = readdirSync(path);
  if (!names.some((name) => name.includes('\uFFFD'))) return names;
  return readdirSync(path, 'buffer').map((name) => decodePath(name));
}

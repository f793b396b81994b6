import { ArchiveInvalidError } from '../errors.ts';
import { decodePath } from './path-bytes.ts';
import type { FieldName } from './tar-format.ts';
import { BLOCK_BYTES, Field, headerChecksum, signedChecksum } from './tar-format.ts';

/** A header as written, before extended headers change it. */
export interface RawHeader {
  readonly name: string;
  readonly linkName: string;
  readonly typeFlag: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const SPACE = 0x20;
const SLASH = 0x2f;
const STAR_PREFIX_BYTES = 131;
const STAR_TRAILER_AT = 508;

/** @throws {ArchiveInvalidError} for a wrong checksum or a malformed number. `offset` is for the message. */
export function parseHeader(block: Buffer, at: number, offset: number): RawHeader {
  const stored = readNumber(block, at, 'checksum', offset);
  if (stored !== headerChecksum(block, at) && stored !== signedChecksum(block, at)) {
    throw new ArchiveInvalidError(`The archive is damaged: the header at byte ${offset} has a wrong checksum`, {
      hint: 'Is it a tar archive, whole and not changed on its way?',
    });
  }
  return {
    name: readName(block, at),
    linkName: readText(block, at, Field.linkName.at, Field.linkName.length),
    typeFlag: block[at + Field.type.at] as number,
    mode: readNumber(block, at, 'mode', offset) & 0o7777,
    uid: readNatural(block, at, 'uid', offset),
    gid: readNatural(block, at, 'gid', offset),
    size: readNatural(block, at, 'size', offset),
    mtime: readNumber(block, at, 'mtime', offset),
    deviceMajor: readNatural(block, at, 'deviceMajor', offset),
    deviceMinor: readNatural(block, at, 'deviceMinor', offset),
  };
}

export function isZeroBlock(block: Buffer, at: number): boolean {
  if (block[at] !== 0) return false;
  for (let index = at; index < at + BLOCK_BYTES; index += 1) if (block[index] !== 0) return false;
  return true;
}

function readName(block: Buffer, at: number): string {
  const name = readText(block, at, Field.name.at, Field.name.length);
  if (block[at + Field.prefix.at] === 0 || !isPosix(block, at)) return name;
  const isStar = block.toString('latin1', at + STAR_TRAILER_AT, at + STAR_TRAILER_AT + 3) === 'tar';
  const prefix = readText(block, at, Field.prefix.at, isStar ? STAR_PREFIX_BYTES : Field.prefix.length);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Whether the `prefix` field holds a path: GNU's header has other fields there, and the oldest header none. */
function isPosix(block: Buffer, at: number): boolean {
  const magic = at + Field.magic.at;
  return block[magic] === 0x75 && block[magic + 4] === 0x72 && block[magic + 5] === 0;
}

function readText(block: Buffer, at: number, field: number, length: number): string {
  const start = at + field;
  if (block[start] === 0) return '';
  const zero = block.indexOf(0, start);
  return decodePath(block, start, zero < 0 || zero > start + length ? start + length : zero);
}

function readNatural(block: Buffer, at: number, name: FieldName, offset: number): number {
  const value = readNumber(block, at, name, offset);
  if (value >= 0) return value;
  throw new ArchiveInvalidError(`The header at byte ${offset} of the archive has a negative ${name}`);
}

/** Reads octal digits between spaces and NULs, or GNU's big-endian binary, marked by the first byte's high bit. */
function readNumber(block: Buffer, at: number, name: FieldName, offset: number): number {
  const { at: field, length } = Field[name];
  const start = at + field;
  const end = start + length;
  const first = block[start] as number;
  const value = first & 0x80 ? readBinary(block, start, end) : readOctal(block, start, end);
  if (Number.isSafeInteger(value)) return value;
  throw new ArchiveInvalidError(`The header at byte ${offset} of the archive has an impossible ${name}`);
}

function readOctal(block: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (block[at] === SPACE || block[at] === 0)) at += 1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (block[at] as number) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end && block[at] !== 0; at += 1) if (block[at] !== SPACE) return Number.NaN;
  return value;
}

function readBinary(block: Buffer, start: number, end: number): number {
  const isNegative = ((block[start] as number) & 0x40) !== 0;
  let value = isNegative ? -1 : 0;
  for (let at = start; at < end; at += 1) {
    const byte = at === start ? ((block[at] as number) & 0x3f) | (isNegative ? 0xc0 : 0) : (block[at] as number);
    value = value * 256 + byte;
  }
  return value;
}

/** Whether the name marks a directory, as in archives from before tar had a type for directories. */
export function endsWithSlash(name: string): boolean {
  return name.charCodeAt(name.length - 1) === SLASH;
}

import type { ArchiveEntry, EntryType } from './archive-entry.ts';
import { encodePath } from './path-bytes.ts';
import { formatPax, formatPaxTime, XATTR_PREFIX } from './pax-records.ts';
import { BLOCK_BYTES, Field, headerChecksum, TypeFlag, USTAR_MAGIC } from './tar-format.ts';

const MAX_7_DIGITS = 0o7777777;
const MAX_11_DIGITS = 0o77777777777;
const ASCII = /^[\x01-\x7f]*$/;

const TYPE_FLAGS: Readonly<Record<EntryType, number>> = {
  file: TypeFlag.file,
  directory: TypeFlag.directory,
  symlink: TypeFlag.symlink,
  hardlink: TypeFlag.hardlink,
  character: TypeFlag.character,
  block: TypeFlag.block,
  fifo: TypeFlag.fifo,
};

/** The fields of a ustar header. Text fields are Latin-1 strings, one character for each byte. */
export interface HeaderFields {
  readonly name: string;
  readonly prefix: string;
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

/** The header of an entry, and the extended records for what does not fit into it. */
export interface EncodedHeader {
  readonly fields: HeaderFields;
  /** The payload of a preceding pax header; `undefined`, as usual, when the header can hold everything. */
  readonly pax: Buffer | undefined;
}

export function encodeEntry(entry: ArchiveEntry): EncodedHeader {
  const path = entry.type === 'directory' ? `${entry.path === '' ? '.' : entry.path}/` : entry.path;
  const records = new Map<string, Uint8Array | string>();
  const { name, prefix } = fitPath(path, records);
  const fit = (key: string, value: number, max: number) => {
    if (value >= 0 && value <= max) return value;
    records.set(key, String(value));
    return 0;
  };
  const { mtimeSeconds, mtimeNanoseconds } = entry;
  const fields = {
    name,
    prefix,
    linkName: fitLink(entry.linkPath ?? '', records),
    typeFlag: TYPE_FLAGS[entry.type],
    mode: entry.mode,
    uid: fit('uid', entry.uid, MAX_7_DIGITS),
    gid: fit('gid', entry.gid, MAX_7_DIGITS),
    size: fit('size', entry.size, MAX_11_DIGITS),
    mtime: mtimeNanoseconds === 0 ? fit('mtime', mtimeSeconds, MAX_11_DIGITS) : clampTime(mtimeSeconds),
    deviceMajor: entry.deviceMajor ?? 0,
    deviceMinor: entry.deviceMinor ?? 0,
  };
  if (mtimeNanoseconds !== 0) records.set('mtime', formatPaxTime(mtimeSeconds, mtimeNanoseconds));
  for (const [key, value] of entry.xattrs ?? []) records.set(XATTR_PREFIX + key, value);
  return { fields, pax: records.size === 0 ? undefined : formatPax(records) };
}

const clampTime = (seconds: number) => Math.min(Math.max(seconds, 0), MAX_11_DIGITS);

/**
 * Short names that are not UTF-8 go into the header, where readers take bytes as they are. Other names beyond ASCII get
 * a pax record, which is UTF-8 by definition.
 */
function fitPath(path: string, records: Map<string, Uint8Array | string>): { name: string; prefix: string } {
  if (path.length <= Field.name.length && ASCII.test(path)) return { name: path, prefix: '' };
  const bytes = encodePath(path).toString('latin1');
  const split = path.isWellFormed() && !ASCII.test(path) ? undefined : splitPath(bytes);
  if (split !== undefined) return split;
  records.set('path', encodePath(path));
  return { name: bytes.slice(0, Field.name.length), prefix: '' };
}

/** Splits a path at the last slash that leaves both halves short enough. ustar joins them again. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= Field.name.length) return { name: path, prefix: '' };
  const slash = path.lastIndexOf('/', Math.min(Field.prefix.length, path.length - 2));
  if (slash <= 0 || path.length - slash - 1 > Field.name.length) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function fitLink(link: string, records: Map<string, Uint8Array | string>): string {
  if (link.length <= Field.linkName.length && ASCII.test(link)) return link;
  const bytes = encodePath(link);
  if (!link.isWellFormed() && bytes.byteLength <= Field.linkName.length) return bytes.toString('latin1');
  records.set('linkpath', bytes);
  return bytes.toString('latin1', 0, Field.linkName.length);
}

/** An empty header: magic and version only. */
const BLANK = Buffer.alloc(BLOCK_BYTES);
BLANK.write(USTAR_MAGIC, Field.magic.at, 'latin1');

export function writeHeader(buffer: Buffer, at: number, fields: HeaderFields): void {
  buffer.set(BLANK, at);
  buffer.write(fields.name, at + Field.name.at, 'latin1');
  writeOctal(buffer, at + Field.mode.at, 7, fields.mode);
  writeOctal(buffer, at + Field.uid.at, 7, fields.uid);
  writeOctal(buffer, at + Field.gid.at, 7, fields.gid);
  writeOctal(buffer, at + Field.size.at, 11, fields.size);
  writeOctal(buffer, at + Field.mtime.at, 11, fields.mtime);
  buffer[at + Field.type.at] = fields.typeFlag;
  if (fields.linkName !== '') buffer.write(fields.linkName, at + Field.linkName.at, 'latin1');
  writeOctal(buffer, at + Field.deviceMajor.at, 7, fields.deviceMajor);
  writeOctal(buffer, at + Field.deviceMinor.at, 7, fields.deviceMinor);
  if (fields.prefix !== '') buffer.write(fields.prefix, at + Field.prefix.at, 'latin1');
  writeOctal(buffer, at + Field.checksum.at, 6, headerChecksum(buffer, at));
  buffer[at + Field.checksum.at + 7] = 0x20;
}

function writeOctal(buffer: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    buffer[index] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

import { ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import type { ArchiveEntry, EntryType } from './archive-entry.ts';
import type { ArchiveLimits } from './archive-limits.ts';
import type { RawHeader } from './parse-header.ts';
import { endsWithSlash } from './parse-header.ts';
import { decodePath } from './path-bytes.ts';
import type { PaxRecords } from './pax-records.ts';
import { parsePax, parsePaxInteger, parsePaxTime, XATTR_PREFIX } from './pax-records.ts';
import { TypeFlag } from './tar-format.ts';

/** The largest id; chown takes the one after it for "unchanged". */
const MAX_ID = 2 ** 32 - 2;
const NONE: PaxRecords = new Map();
/** Keys that a global header may not have: they would give every entry the same name or length. */
const PER_ENTRY_KEYS = ['path', 'linkpath', 'size'];

const ENTRY_TYPES: ReadonlyMap<number, EntryType> = new Map([
  [TypeFlag.oldFile, 'file'],
  [TypeFlag.file, 'file'],
  [TypeFlag.contiguous, 'file'],
  [TypeFlag.hardlink, 'hardlink'],
  [TypeFlag.symlink, 'symlink'],
  [TypeFlag.character, 'character'],
  [TypeFlag.block, 'block'],
  [TypeFlag.directory, 'directory'],
  [TypeFlag.gnuDumpDirectory, 'directory'],
  [TypeFlag.fifo, 'fifo'],
]);

/**
 * Joins an entry's header with the extended headers before it. A pax record overrides a GNU record, which overrides the
 * header.
 */
export class EntryAssembler {
  readonly #limits: ArchiveLimits;
  #global: PaxRecords = NONE;
  #next: PaxRecords = NONE;
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** Whether an extended header was read whose entry has not come yet. */
  get isExpecting(): boolean {
    return this.#next.size > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  static isMeta(typeFlag: number): boolean {
    return (
      typeFlag === TypeFlag.paxNext ||
      typeFlag === TypeFlag.paxGlobal ||
      typeFlag === TypeFlag.gnuLongName ||
      typeFlag === TypeFlag.gnuLongLink
    );
  }

  /** Takes the payload of an extended header, and keeps it: do not reuse its memory. */
  addMeta(typeFlag: number, payload: Buffer): void {
    if (typeFlag === TypeFlag.paxNext) this.#next = parsePax(payload);
    else if (typeFlag === TypeFlag.paxGlobal) this.#addGlobal(parsePax(payload));
    else if (typeFlag === TypeFlag.gnuLongName) this.#longName = untilZero(payload);
    else this.#longLink = untilZero(payload);
  }

  #addGlobal(records: Map<string, Buffer>): void {
    for (const key of PER_ENTRY_KEYS) records.delete(key);
    this.#global = new Map([...this.#global, ...records]);
  }

  /** Returns `undefined` for a volume label, which is no file of the tree. */
  assemble(header: RawHeader): ArchiveEntry | undefined {
    const pax = this.#global.size === 0 ? this.#next : new Map([...this.#global, ...this.#next]);
    const name = textOf(pax, 'path') ?? this.#longName ?? header.name;
    const linkName = textOf(pax, 'linkpath') ?? this.#longLink ?? header.linkName;
    this.#next = NONE;
    this.#longName = undefined;
    this.#longLink = undefined;
    if (header.typeFlag === TypeFlag.gnuVolume) return undefined;
    const type = typeOf(header.typeFlag, name, pax);
    return pax.size === 0
      ? this.#plain(header, type, name, linkName)
      : this.#extended(header, type, name, linkName, pax);
  }

  #plain(header: RawHeader, type: EntryType, name: string, linkName: string): ArchiveEntry {
    const isLink = type === 'symlink' || type === 'hardlink';
    const isDevice = type === 'character' || type === 'block';
    return {
      path: this.#path(name),
      type,
      mode: header.mode,
      uid: checkId(header.uid, 'uid'),
      gid: checkId(header.gid, 'gid'),
      mtimeSeconds: header.mtime,
      mtimeNanoseconds: 0,
      size: type === 'file' ? header.size : 0,
      linkPath: isLink ? this.#checkPath(linkName) : undefined,
      deviceMajor: isDevice ? header.deviceMajor : undefined,
      deviceMinor: isDevice ? header.deviceMinor : undefined,
      xattrs: undefined,
    };
  }

  #extended(header: RawHeader, type: EntryType, name: string, linkName: string, pax: PaxRecords): ArchiveEntry {
    const number = (key: string, max: number, otherwise: number) => {
      const value = pax.get(key);
      return value === undefined || value.byteLength === 0 ? otherwise : parsePaxInteger(value, key, max);
    };
    const time = pax.get('mtime');
    const mtime = time?.byteLength ? parsePaxTime(time) : { seconds: header.mtime, nanoseconds: 0 };
    const uid = number('uid', MAX_ID, header.uid);
    const gid = number('gid', MAX_ID, header.gid);
    const size = number('size', Number.MAX_SAFE_INTEGER, header.size);
    const entry = this.#plain({ ...header, uid, gid, size }, type, name, linkName);
    return {
      ...entry,
      mtimeSeconds: mtime.seconds,
      mtimeNanoseconds: mtime.nanoseconds,
      xattrs: xattrsOf(pax),
    };
  }

  /** Removes `.` and empty parts, and so a `/` at the start or end. Keeps `..`, which the consumer refuses. */
  #path(name: string): string {
    this.#checkPath(name);
    if (name === '') throw new ArchiveInvalidError('The archive has an entry without a name');
    const isPlain = !name.startsWith('/') && !name.startsWith('.') && !name.includes('//') && !name.includes('/.');
    const path = isPlain ? name.replace(/\/$/, '') : cleanPath(name);
    if (path.length > this.#limits.depth && path.split('/').length > this.#limits.depth) {
      throw new ArchiveLimitError(`The archive has an entry deeper than ${this.#limits.depth} directories`);
    }
    return path;
  }

  #checkPath(path: string): string {
    if (path.length * 3 > this.#limits.pathBytes && Buffer.byteLength(path) > this.#limits.pathBytes) {
      throw new ArchiveLimitError(`The archive has a path longer than ${this.#limits.pathBytes} bytes`);
    }
    return path;
  }
}

const cleanPath = (name: string) =>
  name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

function typeOf(typeFlag: number, name: string, pax: PaxRecords): EntryType {
  const type = ENTRY_TYPES.get(typeFlag);
  if (typeFlag === TypeFlag.gnuSparse || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
    throw new ArchiveInvalidError(`The archive has a sparse file, which is not supported: ${JSON.stringify(name)}`, {
      hint: 'Pack it again with its files written in full.',
    });
  }
  if (type === undefined) {
    throw new ArchiveInvalidError(`The archive has an entry of unknown type ${typeFlag}: ${JSON.stringify(name)}`);
  }
  return type === 'file' && endsWithSlash(name) ? 'directory' : type;
}

function textOf(pax: PaxRecords, key: string): string | undefined {
  const value = pax.get(key);
  if (value === undefined || value.byteLength === 0) return undefined;
  if (value.includes(0)) throw new ArchiveInvalidError(`The archive has a ${key} with a NUL in it`);
  return decodePath(value);
}

function untilZero(payload: Buffer): string {
  const zero = payload.indexOf(0);
  return decodePath(payload, 0, zero < 0 ? payload.byteLength : zero);
}

function checkId(id: number, name: string): number {
  if (id <= MAX_ID) return id;
  throw new ArchiveInvalidError(`The archive has an impossible ${name}: ${id}`);
}

function xattrsOf(pax: PaxRecords): ReadonlyMap<string, Uint8Array> | undefined {
  const found = [...pax].filter(([key]) => key.startsWith(XATTR_PREFIX));
  if (found.length === 0) return undefined;
  return new Map(found.map(([key, value]) => [key.slice(XATTR_PREFIX.length), value]));
}

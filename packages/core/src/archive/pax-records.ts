import { ArchiveInvalidError } from '../errors.ts';

/**
 * Extended header records, raw: attribute values may be any bytes.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export type PaxRecords = ReadonlyMap<string, Buffer>;

export const XATTR_PREFIX = 'SCHILY.xattr.';

const SPACE = 0x20;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const MAX_LENGTH_DIGITS = 8;

/** Sorted by key, so that equal records give equal bytes. */
export function formatPax(records: ReadonlyMap<string, Uint8Array | string>): Buffer {
  const keys = [...records.keys()].toSorted();
  return Buffer.concat(keys.map((key) => formatRecord(key, records.get(key) ?? '')));
}

function formatRecord(key: string, value: Uint8Array | string): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.of(NEWLINE)]);
  let total = body.byteLength;
  while (String(total).length + body.byteLength !== total) total = String(total).length + body.byteLength;
  return Buffer.concat([Buffer.from(String(total)), body]);
}

/** @throws {ArchiveInvalidError} for any malformed record: skipping one would hide what another reader sees. */
export function parsePax(payload: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < payload.byteLength; ) {
    const space = payload.indexOf(SPACE, at);
    const length = space < 0 || space - at > MAX_LENGTH_DIGITS ? Number.NaN : parseDigits(payload, at, space);
    const end = at + length;
    const equals = payload.indexOf(EQUALS, space);
    const isWhole = end > space && end <= payload.byteLength && payload[end - 1] === NEWLINE;
    if (!isWhole || equals <= space + 1 || equals >= end) {
      throw new ArchiveInvalidError(`An extended header of the archive is malformed at byte ${at}`);
    }
    records.set(payload.toString('utf8', space + 1, equals), payload.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function parseDigits(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end);
  return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
}

/** Reads `seconds[.fraction]`, rounded down as the kernel does: -1.5 is second -2 and 500,000,000 nanoseconds. */
export function formatPaxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  const isNegative = seconds < 0;
  const whole = isNegative ? -seconds - 1 : seconds;
  const fraction = isNegative ? 1_000_000_000 - nanoseconds : nanoseconds;
  return `${isNegative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}

/** Digits beyond the ninth are dropped. */
export function parsePaxTime(value: Buffer): { readonly seconds: number; readonly nanoseconds: number } {
  const [, sign, whole = '', fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(value.toString('latin1')) ?? [];
  const seconds = Number(whole);
  if (sign === undefined || !Number.isSafeInteger(seconds)) {
    throw new ArchiveInvalidError(`The archive has a malformed time: ${excerpt(value)}`);
  }
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** @throws {ArchiveInvalidError} unless it is a decimal from 0 to `max`. */
export function parsePaxInteger(value: Buffer, key: string, max: number): number {
  const number = parseDigits(value, 0, value.byteLength);
  if (number <= max) return number;
  throw new ArchiveInvalidError(`The archive has an impossible ${key}: ${excerpt(value)}`);
}

const excerpt = (value: Buffer) => JSON.stringify(value.toString('latin1', 0, 40));

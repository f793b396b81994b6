import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectorySync } from '@shale/core/files';

/** Values of files by path, valid as long as inode, size and times of a file stay the same. */
export interface StatCache {
  /** Calls `compute` only for a file that has changed, or may have. */
  valueOf(path: string, stats: Stats, compute: () => string): string;
  /** Writes new values. A failure is no error: the next build computes them again. */
  save(): void;
}

const FORMAT = 'shale-stat-cache-v4';
/** A file that changed this shortly before the cache was opened, or later, may change again without a new time. */
const RACY_MS = 20;
const MAX_ENTRIES = 500_000;

/** The content of a cache file, in columns: parsing 30,000 objects would take longer than 30,000 `lstat` calls. */
interface Entries {
  readonly paths: readonly string[];
  readonly values: readonly string[];
  /** `STAMP_FIELDS` numbers for each entry. */
  readonly stamps: Float64Array;
}

const STAMP_FIELDS = 5;
const NO_ENTRIES: Entries = { paths: [], values: [], stamps: new Float64Array() };

/**
 * Opens the cache of a context. With it, an unchanged tree costs one `lstat` per file.
 * @param directory Holds one file per context.
 */
export function openStatCache(directory: string, contextRoot: string): StatCache {
  const file = join(directory, hash('sha256', contextRoot, 'hex').slice(0, 32));
  const known = load(file);
  const find = placeFinder(known.paths);
  const isUsed = new Uint8Array(known.paths.length);
  const fresh = new Map<string, FreshEntry>();
  const openedMs = Date.now();
  let isChanged = false;
  return {
    valueOf(path, stats, compute) {
      const place = find(path);
      if (place !== undefined && isStampOf(stats, known.stamps, place * STAMP_FIELDS)) {
        isUsed[place] = 1;
        return known.values[place] as string;
      }
      const earlier = fresh.get(path);
      if (earlier !== undefined && isStampOf(stats, earlier.stamp, 0)) return earlier.value;
      const value = compute();
      if (openedMs - Math.max(stats.mtimeMs, stats.ctimeMs) < RACY_MS) return value;
      fresh.set(path, { value, stamp: stampOf(stats) });
      isChanged = true;
      return value;
    },
    save() {
      if (!isChanged) return;
      store(file, entriesToKeep(known, isUsed, fresh));
      isChanged = false;
    },
  };
}

interface FreshEntry {
  readonly value: string;
  readonly stamp: readonly number[];
}

function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): readonly number[] {
  return [dev, ino, size, mtimeMs, ctimeMs];
}

function isStampOf(stats: Stats, stamps: ArrayLike<number>, at: number): boolean {
  return (
    stamps[at] === stats.dev &&
    stamps[at + 1] === stats.ino &&
    stamps[at + 2] === stats.size &&
    stamps[at + 3] === stats.mtimeMs &&
    stamps[at + 4] === stats.ctimeMs
  );
}

/** Fast for lookups in the stored order, which is the usual order. */
function placeFinder(paths: readonly string[]): (path: string) => number | undefined {
  let next = 0;
  let places: ReadonlyMap<string, number> | undefined;
  return (path) => {
    if (paths[next] !== path) {
      places ??= new Map(paths.map((known, place) => [known, place]));
      const place = places.get(path);
      if (place === undefined) return undefined;
      next = place;
    }
    return next++;
  };
}

/** Entries that this build used come first. Others may belong to another Dockerfile, or to removed files. */
function entriesToKeep(known: Entries, isUsed: Uint8Array, fresh: ReadonlyMap<string, FreshEntry>): Entries {
  const old = (place: number): [string, FreshEntry] => [
    known.paths[place] as string,
    {
      value: known.values[place] as string,
      stamp: [...known.stamps.subarray(place * STAMP_FIELDS, (place + 1) * STAMP_FIELDS)],
    },
  ];
  const places = known.paths.flatMap((path, place) => (fresh.has(path) ? [] : [place]));
  const kept = [
    ...places.filter((place) => isUsed[place] === 1).map(old),
    ...[...fresh].filter(([path]) => !path.includes('\n') && path.isWellFormed()),
    ...places.filter((place) => isUsed[place] !== 1).map(old),
  ].slice(0, MAX_ENTRIES);
  return {
    paths: kept.map(([path]) => path),
    values: kept.map(([, { value }]) => value),
    stamps: Float64Array.from(kept.flatMap(([, { stamp }]) => stamp)),
  };
}

/**
 * The file has a header line (format, sizes of stamps and paths in bytes, checksum of the rest), then stamps, paths and
 * values; of the last two, one per line. A damaged file counts as an empty cache.
 */
function load(file: string): Entries {
  try {
    const bytes = readFileSync(file);
    const body = bytes.subarray(bytes.indexOf('\n') + 1);
    const first = bytes.toString('latin1', 0, bytes.byteLength - body.byteLength);
    const [, stampBytes = 0, pathBytes = 0] = first.split(' ').map(Number);
    if (first !== header(body, stampBytes, pathBytes)) return NO_ENTRIES;
    const lines = (start: number, end?: number) => body.toString('utf8', start, end).split('\n').slice(0, -1);
    const stamps = new Float64Array(Uint8Array.from(body.subarray(0, stampBytes)).buffer);
    const paths = lines(stampBytes, stampBytes + pathBytes);
    const values = lines(stampBytes + pathBytes);
    const isWhole = values.length === paths.length && stamps.length === paths.length * STAMP_FIELDS;
    return isWhole ? { paths, values, stamps } : NO_ENTRIES;
  } catch {
    return NO_ENTRIES;
  }
}

function header(body: Uint8Array, stampBytes: number, pathBytes: number): string {
  return `${FORMAT} ${stampBytes} ${pathBytes} ${hash('sha256', body, 'hex')}\n`;
}

function store(file: string, { stamps, paths, values }: Entries): void {
  const text = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const [pathText, valueText] = [text(paths), text(values)];
  const stampBytes = Buffer.from(stamps.buffer);
  const body = Buffer.concat([stampBytes, pathText, valueText]);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    makeDirectorySync(dirname(file), { mode: 0o700 });
    const first = Buffer.from(header(body, stampBytes.byteLength, pathText.byteLength));
    writeFileSync(temporary, Buffer.concat([first, body]), { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // a read-only or full disk: builds work without the cache
  }
}

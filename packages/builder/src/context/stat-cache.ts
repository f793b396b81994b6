import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What files hold, by path: good as long as a file's inode, size and times are what they were. */
export interface StatCache {
  /** `compute` runs only for a file that changed since it was looked at, or may have. */
  valueOf(path: string, stats: Stats, compute: () => string): string;
  /** Writes what is new. A cache that cannot be written is no error: the next build reads again. */
  save(): void;
}

const FORMAT = 'shale-stat-cache-v3';
/** Files changed this shortly before the cache was opened, or later, may change again with the same times. */
const RACY_MS = 20;
const MAX_ENTRIES = 500_000;
const CHECKSUM_DIGITS = 64;

/**
 * Opens the cache of a context. An unchanged tree then costs one `lstat` a file.
 * @param directory Where caches are kept: one file a context.
 */
export function openStatCache(directory: string, contextRoot: string): StatCache {
  const file = join(directory, `${hash('sha256', contextRoot, 'hex').slice(0, 32)}.txt`);
  const known = load(file);
  const used = new Map<string, string>();
  const openedMs = Date.now();
  let isChanged = false;
  return {
    valueOf(path, stats, compute) {
      const stamp = stampOf(stats);
      const entry = used.get(path) ?? known.get(path);
      if (entry?.startsWith(stamp) === true) {
        used.set(path, entry);
        return entry.slice(stamp.length);
      }
      const value = compute();
      if (openedMs - Math.max(stats.mtimeMs, stats.ctimeMs) < RACY_MS) return value;
      used.set(path, stamp + value);
      isChanged = true;
      return value;
    },
    save() {
      if (!isChanged) return;
      store(file, used, known);
      isChanged = false;
    },
  };
}

function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${timeText(mtimeMs)} ${timeText(ctimeMs)} `;
}

/** Seconds and microseconds: small integers become text many times faster than a fraction does. */
function timeText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000);
  return `${seconds}.${Math.floor((timeMs - seconds * 1000) * 1000)}`;
}

/** A line with format and checksum, then a line an entry: path, tab, stamp and value. A broken file is an empty cache. */
function load(file: string): Map<string, string> {
  const entries = new Map<string, string>();
  const text = readChecked(file);
  for (let at = 0; at < text.length; ) {
    const tab = text.indexOf('\t', at);
    const end = text.indexOf('\n', at);
    if (tab < 0 || end < tab) break;
    entries.set(text.slice(at, tab), text.slice(tab + 1, end));
    at = end + 1;
  }
  return entries;
}

function readChecked(file: string): string {
  try {
    const bytes = readFileSync(file);
    const start = FORMAT.length + 1 + CHECKSUM_DIGITS + 1;
    const body = bytes.subarray(start);
    return bytes.toString('latin1', 0, start) === header(body) ? body.toString() : '';
  } catch {
    return '';
  }
}

const header = (body: Uint8Array) => `${FORMAT} ${hash('sha256', body, 'hex')}\n`;

/** What this build used goes first: what it did not may belong to another Dockerfile, or be gone. */
function store(file: string, used: ReadonlyMap<string, string>, known: ReadonlyMap<string, string>): void {
  const lines: string[] = [];
  // a key keeps the place of its first mention and the value of its last
  for (const [path, entry] of new Map([...used, ...known, ...used])) {
    if (lines.length >= MAX_ENTRIES) break;
    if (!/[\t\n]/.test(path) && path.isWellFormed()) lines.push(`${path}\t${entry}\n`);
  }
  const body = Buffer.from(lines.join(''));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, Buffer.concat([Buffer.from(header(body)), body]), { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // read-only or full: builds go on without
  }
}

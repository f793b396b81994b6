import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Content hashes by path, good as long as a file's inode, size and times are what they were. */
export interface StatCache {
  /** `compute` runs only for a file that changed since, or may have. */
  hashOf(path: string, stats: Stats, compute: () => string): string;
  /** Writes what is new. A cache that cannot be written is no error: the next build hashes again. */
  save(): void;
}

const FORMAT = 'shale-stat-cache-v1';
/** Files changed this shortly before they were looked at may change again with the same times. */
const RACY_MS = 20;

/**
 * Opens the cache of a context. An unchanged tree then costs one `lstat` a file.
 * @param directory Where caches are kept: one file a context.
 */
export function openStatCache(directory: string, contextRoot: string): StatCache {
  const file = join(directory, `${createHash('sha256').update(contextRoot).digest('hex').slice(0, 32)}.txt`);
  const known = load(file);
  const used = new Map<string, string>();
  const openedMs = Date.now();
  let changed = false;
  return {
    hashOf(path, stats, compute) {
      const stamp = stampOf(stats);
      const entry = known.get(path);
      if (entry?.startsWith(stamp) === true) {
        used.set(path, entry);
        return entry.slice(stamp.length);
      }
      const hash = compute();
      if (openedMs - Math.max(stats.mtimeMs, stats.ctimeMs) < RACY_MS) return hash;
      used.set(path, stamp + hash);
      changed = true;
      return hash;
    },
    save() {
      if (changed) store(file, new Map([...known, ...used]));
    },
  };
}

function stampOf({ ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode} `;
}

/** A line an entry: path as JSON, tab, stamp and hash. A broken file is an empty cache. */
function load(file: string): Map<string, string> {
  try {
    const text = readFileSync(file, 'utf8');
    if (!text.startsWith(`${FORMAT}\n`)) return new Map();
    const entries = new Map<string, string>();
    for (let at = FORMAT.length + 1; at < text.length; ) {
      const tab = text.indexOf('\t', at);
      const end = text.indexOf('\n', at);
      if (tab < 0 || end < tab) break;
      entries.set(text.slice(at, tab), text.slice(tab + 1, end));
      at = end + 1;
    }
    return entries;
  } catch {
    return new Map();
  }
}

const MAX_ENTRIES = 500_000;

function store(file: string, entries: ReadonlyMap<string, string>): void {
  const lines = [FORMAT];
  for (const [path, entry] of entries) {
    if (lines.length > MAX_ENTRIES) break;
    if (!/[\t\n]/.test(path) && path.isWellFormed()) lines.push(`${path}\t${entry}`);
  }
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, `${lines.join('\n')}\n`);
    renameSync(temporary, file);
  } catch {
    // read-only or full: builds go on without
  }
}

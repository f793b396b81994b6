import type { Dirent } from 'node:fs';
import { readdirSync } from 'node:fs';
import { decodePath, hostPath } from '@shale/core/archive';

export interface DirectoryEntry {
  /** As `decodePath` makes it. */
  readonly name: string;
  readonly isDirectory: boolean;
  /** So that whiteouts of overlayfs can be told from files without a look at each file. */
  readonly isCharacterDevice: boolean;
}

const byName = (a: DirectoryEntry, b: DirectoryEntry) => (a.name < b.name ? -1 : 1);

/** What is in a directory, sorted by name, without a call for each file. */
export function readEntries(directory: string): DirectoryEntry[] {
  const path = hostPath(directory);
  const entries = readdirSync(path, { withFileTypes: true });
  const isUtf8 = entries.every(({ name }) => !name.includes('\uFFFD'));
  if (isUtf8) return entries.map((entry) => describe(entry, entry.name)).sort(byName);
  const raw = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  return raw.map((entry) => describe(entry, decodePath(entry.name))).sort(byName);
}

function describe(entry: Dirent | Dirent<Buffer>, name: string): DirectoryEntry {
  return { name, isDirectory: entry.isDirectory(), isCharacterDevice: entry.isCharacterDevice() };
}

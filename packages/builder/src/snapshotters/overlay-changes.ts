import type { BigIntStats } from 'node:fs';
import { lstatSync } from 'node:fs';
import { hostPath } from '@shale/core/archive';
import type { ChangeWriter } from './change-writer.ts';
import type { DirectoryEntry } from '../tree/directory-entries.ts';
import { readEntries } from '../tree/directory-entries.ts';
import { isSameFile } from './same-file.ts';

/** The three sides of a mounted overlay. */
export interface OverlaySides {
  /** The parent's tree; `undefined` when it is empty. */
  readonly lower: string | undefined;
  /** What was written, with what overlayfs copied there to change it. */
  readonly upper: string;
  readonly merged: string;
}

type Names = ReadonlySet<string>;

/**
 * Finds what a step changed by walking the upper directory alone. Removed names are those that the lower directory lists
 * and the merged one does not, which covers whiteouts and opaque directories alike, however the kernel marks them. What
 * was copied up and not changed is no change.
 */
export async function writeOverlayChanges(sides: OverlaySides, writer: ChangeWriter): Promise<void> {
  await writeDirectory(sides, '', writer);
}

async function writeDirectory(sides: OverlaySides, path: string, writer: ChangeWriter): Promise<void> {
  const entries = readEntries(`${sides.upper}/${path}`);
  const lowerNames = namesIn(sides.lower, path);
  writer.enter(path);
  if (isChanged(sides, path, lowerNames)) await writer.changedDirectory();
  if (lowerNames !== undefined) {
    for (const name of removedNames(sides, path, lowerNames)) await writer.removed(path, name);
  }
  for (const entry of entries) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    const below = lowerNames?.has(entry.name) ? sides : { ...sides, lower: undefined };
    const wait = entry.isDirectory ? writeDirectory(below, child, writer) : writeFile(below, child, entry, writer);
    if (wait) await wait;
  }
  writer.leave(path);
}

/** `undefined` where the lower side has no directory. */
function namesIn(side: string | undefined, path: string): Names | undefined {
  if (side === undefined) return undefined;
  const directory = `${side}/${path}`;
  if (!lstatSync(hostPath(directory), { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return new Set(readEntries(directory).map(({ name }) => name));
}

function removedNames({ merged }: OverlaySides, path: string, lowerNames: Names): string[] {
  const left = new Set(readEntries(`${merged}/${path}`).map(({ name }) => name));
  return [...lowerNames].filter((name) => !left.has(name));
}

function isChanged({ lower, upper }: OverlaySides, path: string, lowerNames: Names | undefined): boolean {
  if (path === '') return false;
  if (lower === undefined || lowerNames === undefined) return true;
  const [before, now] = [`${lower}/${path}`, `${upper}/${path}`];
  return !isSameFile(before, now, statsOf(before), statsOf(now));
}

function writeFile(
  { lower, upper }: OverlaySides,
  path: string,
  entry: DirectoryEntry,
  writer: ChangeWriter,
): void | Promise<void> {
  if (lower === undefined && !entry.isCharacterDevice) return writer.present(path);
  const now = `${upper}/${path}`;
  const stats = statsOf(now);
  if (stats.isCharacterDevice() && stats.rdev === 0n) return undefined; // a whiteout
  if (lower !== undefined && isUnchanged(`${lower}/${path}`, now, stats)) return undefined;
  return writer.present(path);
}

/** A file of several names is always written: the others would lose their link to it. */
function isUnchanged(before: string, now: string, stats: BigIntStats): boolean {
  if (stats.nlink > 1n) return false;
  const old = lstatSync(hostPath(before), { bigint: true, throwIfNoEntry: false });
  return old !== undefined && isSameFile(before, now, old, stats);
}

const statsOf = (path: string) => lstatSync(hostPath(path), { bigint: true });

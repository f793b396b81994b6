import type { ChangeWriter } from './change-writer.ts';
import type { DirectoryScan, FileFacts, TreeScan } from './tree-scan.ts';

export interface ScannedSides {
  readonly before: TreeScan;
  readonly after: TreeScan;
  /** Inodes that an executor moved between the looks, and nobody changed under any of their names. @default none */
  readonly relinked?: ReadonlySet<number> | undefined;
}

const FILE_TYPE = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR_FILE = 0o100000;

/** One difference between two looks at a tree. Directories are entered and left; files are inside. */
interface DifferenceVisitor {
  enter(path: string, isChanged: boolean): void | Promise<void>;
  removed(directory: string, name: string): void | Promise<void>;
  /** `isTouched`: nothing that a look shows has changed, but something was done to it. */
  file(path: string, isTouched: boolean, now: FileFacts): void | Promise<void>;
  leave(path: string): void;
}

/**
 * Files that were touched and look the same: given a mode that they have, or rewritten with their size and time put back.
 * Only their content tells. A file with a new name is none of them: its names are written together, to stay one file.
 */
export async function touchedFiles(sides: ScannedSides): Promise<string[]> {
  const touched = new Map<string, number>();
  const changed = new Set<number>();
  await visitDifferences(sides, {
    enter() {},
    removed() {},
    file(path, isTouched, { ino }) {
      if (isTouched) touched.set(path, ino);
      else changed.add(ino);
    },
    leave() {},
  });
  return [...touched].filter(([, ino]) => !changed.has(ino)).map(([path]) => path);
}

/**
 * Finds what a step changed by comparing two looks at its tree: a file whose ctime stayed was not touched at all.
 * @param unchanged Of the touched files, those that are as before.
 */
export async function writeScanChanges(
  sides: ScannedSides,
  unchanged: ReadonlySet<string>,
  writer: ChangeWriter,
): Promise<void> {
  await visitDifferences(sides, {
    enter(path, isChanged) {
      writer.enter(path);
      return isChanged ? writer.changedDirectory() : undefined;
    },
    removed: (directory, name) => writer.removed(directory, name),
    file: (path, isTouched) => (isTouched && unchanged.has(path) ? undefined : writer.present(path)),
    leave: (path) => writer.leave(path),
  });
}

async function visitDifferences(sides: ScannedSides, visitor: DifferenceVisitor): Promise<void> {
  await visitDirectory(sides, '', { isNew: false, isChanged: false }, visitor);
}

interface DirectoryState {
  /** There was none before, so that all in it is new. */
  readonly isNew: boolean;
  readonly isChanged: boolean;
}

async function visitDirectory(
  sides: ScannedSides,
  path: string,
  { isNew, isChanged }: DirectoryState,
  visitor: DifferenceVisitor,
): Promise<void> {
  const before = isNew ? undefined : sides.before.directories.get(path);
  const after = sides.after.directories.get(path);
  if (after === undefined) return;
  await visitor.enter(path, isNew || isChanged);
  for (const name of namesGone(before, after)) await visitor.removed(path, name);
  const known = new Map(before?.names.map((name, index) => [name, index]));
  for (const [index, name] of after.names.entries()) {
    const child = path === '' ? name : `${path}/${name}`;
    const place = known.get(name);
    const old = place === undefined ? undefined : before?.facts(place);
    const now = after.facts(index);
    if (old?.ino === now.ino && !isDirectory(now) && sides.relinked?.has(now.ino) === true) continue;
    const wait = isDirectory(now)
      ? visitDirectory(sides, child, directoryState(old, now), visitor)
      : visitFile(child, old, now, visitor);
    if (wait) await wait;
  }
  visitor.leave(path);
}

function namesGone(before: DirectoryScan | undefined, after: DirectoryScan): readonly string[] {
  const left = new Set(after.names);
  return before?.names.filter((name) => !left.has(name)) ?? [];
}

function directoryState(old: FileFacts | undefined, now: FileFacts): DirectoryState {
  if (old === undefined || !isDirectory(old)) return { isNew: true, isChanged: true };
  return { isNew: false, isChanged: !looksSame(old, now) };
}

function visitFile(
  path: string,
  old: FileFacts | undefined,
  now: FileFacts,
  visitor: DifferenceVisitor,
): void | Promise<void> {
  if (old !== undefined && old.ino === now.ino && old.ctimeMs === now.ctimeMs) return undefined;
  return visitor.file(path, old !== undefined && isOnlyTouched(old, now), now);
}

function isOnlyTouched(old: FileFacts, now: FileFacts): boolean {
  return (now.mode & FILE_TYPE) === REGULAR_FILE && looksSame(old, now) && old.size === now.size;
}

function looksSame(old: FileFacts, now: FileFacts): boolean {
  return old.mode === now.mode && old.uid === now.uid && old.gid === now.gid && old.mtimeMs === now.mtimeMs;
}

const isDirectory = ({ mode }: FileFacts) => (mode & FILE_TYPE) === DIRECTORY;

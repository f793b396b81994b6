import type { BigIntStats } from 'node:fs';
import type { ChangeWriter } from './change-writer.ts';
import type { TreeScan } from './tree-scan.ts';

export interface CopySides {
  readonly before: TreeScan;
  readonly after: TreeScan;
}

/** Finds what a step changed by comparing two looks at its tree: a file whose ctime stayed was not touched at all. */
export async function writeCopyChanges(sides: CopySides, writer: ChangeWriter): Promise<void> {
  await writeDirectory(sides, '', { isNew: false, changed: false }, writer);
}

async function writeDirectory(
  sides: CopySides,
  path: string,
  { isNew, changed }: { readonly isNew: boolean; readonly changed: boolean },
  writer: ChangeWriter,
): Promise<void> {
  const before = isNew ? undefined : sides.before.get(path);
  const after = sides.after.get(path) ?? new Map<string, BigIntStats>();
  writer.enter(path);
  if (isNew || changed) await writer.changedDirectory();
  for (const name of before?.keys() ?? []) if (!after.has(name)) await writer.removed(path, name);
  for (const [name, now] of after) {
    const child = path === '' ? name : `${path}/${name}`;
    const old = before?.get(name);
    if (now.isDirectory()) {
      const replaces = old === undefined || !old.isDirectory();
      await writeDirectory(
        sides,
        child,
        { isNew: replaces, changed: !replaces && isChangedDirectory(old, now) },
        writer,
      );
    } else if (old === undefined || isChangedFile(old, now)) {
      const wait = writer.present(child);
      if (wait) await wait;
    }
  }
  writer.leave(path);
}

function isChangedDirectory(old: BigIntStats, now: BigIntStats): boolean {
  return !isUntouched(old, now) && !hasSameMetadata(old, now);
}

/** A file that was touched may have other content, unless there is none. */
function isChangedFile(old: BigIntStats, now: BigIntStats): boolean {
  return (
    !isUntouched(old, now) &&
    !(old.isFile() && now.isFile() && now.size === 0n && now.nlink === 1n && hasSameMetadata(old, now))
  );
}

const isUntouched = (old: BigIntStats, now: BigIntStats) => old.ino === now.ino && old.ctimeNs === now.ctimeNs;

function hasSameMetadata(old: BigIntStats, now: BigIntStats): boolean {
  return (
    old.mode === now.mode &&
    old.uid === now.uid &&
    old.gid === now.gid &&
    old.mtimeNs === now.mtimeNs &&
    (now.isDirectory() || old.size === now.size)
  );
}

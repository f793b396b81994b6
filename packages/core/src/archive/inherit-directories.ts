import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import type { FileSystemCalls } from './file-system-calls.ts';
import { fileSystemCalls } from './file-system-calls.ts';
import { splitNanoseconds } from './file-time.ts';
import { hostPath } from './path-bytes.ts';
import { keptXattrs } from './xattr-policy.ts';

export interface InheritDirectoriesOptions {
  /** The layers below as overlayfs mounts them, topmost first. */
  readonly lowers: readonly string[];
  readonly fileSystem?: FileSystemCalls | undefined;
}

/**
 * Copies the metadata of directories from the layers below to directories that a layer has no entry for. Without this,
 * a layer with `tmp/x` alone would make a new `/tmp` that only root may write to.
 * @param directories Relative to `root`, as `UnpackReport.impliedDirectories` has them.
 */
export function inheritDirectories(
  root: string,
  directories: readonly string[],
  { lowers, fileSystem = fileSystemCalls() }: InheritDirectoriesOptions,
): void {
  for (const directory of directories.toReversed()) {
    const source = findBelow(directory, lowers, fileSystem);
    if (source !== undefined) copyMetadata(source, `${root}/${directory}`, fileSystem);
  }
}

/** The path of this directory in the layers below; `undefined` when they have none. */
function findBelow(directory: string, lowers: readonly string[], fileSystem: FileSystemCalls): string | undefined {
  for (const lower of lowers) {
    const found = lookIn(lower, directory, fileSystem);
    if (found === 'hidden') return undefined;
    if (found === 'here') return `${lower}/${directory}`;
  }
  return undefined;
}

/** Goes part by part, so that no symlink is followed. A file, link or whiteout on the way hides what is below it. */
function lookIn(lower: string, directory: string, fileSystem: FileSystemCalls): 'here' | 'hidden' | 'absent' {
  let path = lower;
  let isOpaque = false;
  for (const part of directory.split('/')) {
    path = `${path}/${part}`;
    const stats = lstatSync(hostPath(path), { throwIfNoEntry: false });
    if (stats === undefined) return isOpaque ? 'hidden' : 'absent';
    if (!stats.isDirectory()) return 'hidden';
    isOpaque ||= OPAQUE_XATTRS.some((name) => fileSystem.getXattrs(hostPath(path)).has(name));
  }
  return 'here';
}

const OPAQUE_XATTRS = ['trusted.overlay.opaque', 'user.overlay.opaque'];

function copyMetadata(from: string, to: string, fileSystem: FileSystemCalls): void {
  const [source, target] = [hostPath(from), hostPath(to)];
  const { uid, gid, mode, mtimeNs } = lstatSync(source, { bigint: true });
  lchownSync(target, Number(uid), Number(gid));
  chmodSync(target, Number(mode) & 0o7777);
  for (const [name, value] of keptXattrs(fileSystem.getXattrs(source))) fileSystem.setXattr(target, name, value);
  const { seconds, nanoseconds } = splitNanoseconds(mtimeNs);
  fileSystem.setTimes(target, seconds, nanoseconds);
}

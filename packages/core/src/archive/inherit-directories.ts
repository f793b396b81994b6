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
 * Gives directories that a layer only implies the metadata that they have in the layers below. Without it the layer would
 * turn `tmp/x` into a new `/tmp` that nobody but root may write to.
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

/** Where the layers below show this directory; `undefined` where they show none. */
function findBelow(directory: string, lowers: readonly string[], fileSystem: FileSystemCalls): string | undefined {
  for (const lower of lowers) {
    const found = lookIn(lower, directory, fileSystem);
    if (found === 'hidden') return undefined;
    if (found === 'here') return `${lower}/${directory}`;
  }
  return undefined;
}

/** Part by part, so that no symlink is followed; a file, a link or a whiteout on the way hides what is further down. */
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

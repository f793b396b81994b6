import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { type FileTree, readFileTree } from '../src/file-tree.ts';

/** Unpacks an `oci` archive with umoci into `directory` and reads the file system. */
export async function readArchiveTree(
  archive: string,
  directory: string,
  flags: readonly string[] = [],
): Promise<FileTree> {
  const layout = join(directory, 'layout');
  await requireCommand([
    'skopeo',
    '--insecure-policy',
    'copy',
    '--quiet',
    `oci-archive:${archive}`,
    `oci:${layout}:image`,
  ]);
  await requireCommand(['umoci', 'unpack', ...flags, '--image', `${layout}:image`, join(directory, 'bundle')]);
  return readFileTree(join(directory, 'bundle/rootfs'));
}

/** Removes the times. Two builds of one Dockerfile agree on everything else. */
export function withoutTimes(tree: FileTree): FileTree {
  return new Map([...tree].map(([path, { mtime: _mtime, ...entry }]) => [path, entry]));
}

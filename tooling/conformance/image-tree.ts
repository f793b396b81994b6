import { mkdirSync } from 'node:fs';
import { requireCommand } from '../src/command.ts';
import { type FileTree, readFileTree } from '../src/file-tree.ts';

/** Unpacks a root file system's archive with GNU tar and reads it. Removes the unpacked tree. */
export async function readTarTree(archive: string): Promise<FileTree> {
  const root = `${archive}.unpacked`;
  mkdirSync(root);
  const exact = [
    '--numeric-owner',
    '--same-permissions',
    '--xattrs',
    '--xattrs-include=*',
    '--delay-directory-restore',
  ];
  await requireCommand(['tar', ...exact, '-xf', archive, '-C', root]);
  const tree = readFileTree(root);
  await requireCommand(['rm', '-rf', '--one-file-system', root]);
  return tree;
}

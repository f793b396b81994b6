import { createReadStream, lstatSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import { decompress, hostPath, isArchive, unpackTar } from '@shale/core/archive';
import { makeDirectoryInTree } from '../tree/make-directory.ts';

const READ_CHUNK_BYTES = 1024 * 1024;

/**
 * Reports whether a file is an archive that ADD unpacks. The content decides, not the name.
 * @throws {DecompressorMissingError}
 */
export async function isArchiveFile(path: string): Promise<boolean> {
  return lstatSync(hostPath(path)).isFile() && isArchive(createReadStream(hostPath(path)));
}

export interface UnpackArchiveOptions extends CallOptions {
  /** The owner of all entries and new directories; `undefined` keeps the owners in the archive. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Unpacks an archive into a directory of the tree, and creates the directory if needed. Keeps modes and times.
 * @throws {ArchiveInvalidError} @throws {ArchiveEscapeError} @throws {PathConflictError}
 */
export async function unpackArchive(
  path: string,
  tree: string,
  destination: string,
  { owner, onWarning, signal }: UnpackArchiveOptions,
): Promise<void> {
  const host = makeDirectoryInTree(tree, destination, { uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mode: 0o755 });
  const content = decompress(createReadStream(hostPath(path), { highWaterMark: READ_CHUNK_BYTES }));
  await unpackTar(content, host, { whiteouts: 'plain', endMarker: 'optional', owner, onWarning, signal });
}

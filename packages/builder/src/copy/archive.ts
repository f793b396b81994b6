import { closeSync, createReadStream, lstatSync, openSync, readSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import { ArchiveInvalidError, decompress, hostPath, sniffCompression, unpackTar } from '@shale/core';
import { makeDirectoryInTree } from '../tree/make-directory.ts';

const HEADER_BYTES = 512;
const CHECKSUM_START = 148;
const CHECKSUM_END = 156;

/**
 * Whether a file is an archive that ADD unpacks, by its content: a tar, plain or within gzip, bzip2, xz or zstd.
 * @throws {ArchiveInvalidError} when it takes a program to tell, and there is none.
 */
export async function isArchive(path: string): Promise<boolean> {
  if (!lstatSync(hostPath(path)).isFile()) return false;
  const head = readHead(path);
  if (sniffCompression(head) === undefined) return isTarHeader(head);
  return isTarHeader(await decompressedHead(path));
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(hostPath(path), 'r');
  try {
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}

/** Damaged data is no archive, but a file to copy. */
async function decompressedHead(path: string): Promise<Buffer> {
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of openArchive(path)) {
      head = Buffer.concat([head, chunk.subarray(0, HEADER_BYTES)]);
      if (head.byteLength >= HEADER_BYTES) break;
    }
  } catch (error) {
    const isProgramMissing = error instanceof ArchiveInvalidError && /there is no program/.test(error.message);
    if (isProgramMissing) throw error;
    return Buffer.alloc(0);
  }
  return head.subarray(0, HEADER_BYTES);
}

function openArchive(path: string): AsyncIterable<Uint8Array> {
  return decompress(createReadStream(hostPath(path), { highWaterMark: 1024 * 1024 }));
}

/** The checksum of the first header decides, as for `tar` itself: old archives have no magic. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.byteLength < HEADER_BYTES || head.every((byte) => byte === 0)) return false;
  const field = Buffer.from(head.subarray(CHECKSUM_START, CHECKSUM_END)).toString('latin1');
  const [, digits] = /^ *([0-7]+)[\0 ]*$/.exec(field) ?? [];
  if (digits === undefined) return false;
  const wanted = Number.parseInt(digits, 8);
  const bytes = head.map((byte, index) => (index >= CHECKSUM_START && index < CHECKSUM_END ? 0x20 : byte));
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  return sum(bytes) === wanted || sum(new Int8Array(bytes)) === wanted; // some tools added signed bytes
}

export interface UnpackArchiveOptions extends CallOptions {
  /** Given to every entry and to what is made; `undefined` keeps the entries' own. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Unpacks an archive into a directory of the tree, which is made when missing. Modes and times are the archive's.
 * @throws {ArchiveInvalidError} @throws {ArchiveEscapeError} @throws {PathConflictError}
 */
export async function unpackArchive(
  path: string,
  tree: string,
  destination: string,
  { owner, onWarning, signal }: UnpackArchiveOptions,
): Promise<void> {
  const host = makeDirectoryInTree(tree, destination, { uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mode: 0o755 });
  await unpackTar(openArchive(path), host, { whiteouts: 'plain', endMarker: 'optional', owner, onWarning, signal });
}

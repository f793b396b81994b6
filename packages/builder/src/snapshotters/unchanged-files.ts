import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { CallOptions } from '@shale/core';
import type { ArchiveEntry, ArchiveVisitor } from '@shale/core/archive';
import { consumeBlob } from '@shale/core';
import { decompress, fileSystemCalls, hostPath, keptXattrs, readTar } from '@shale/core/archive';
import type { LayerStack } from '../graph/layer-stack.ts';
import { imageXattrs, isSameXattrs } from './same-file.ts';

/**
 * Which of these files of a tree are still what the layers put there: the topmost layer that has a file tells. A path that
 * layers spell in another way, as through a symlink, counts as changed.
 */
export async function unchangedFiles(
  root: string,
  stack: LayerStack,
  paths: readonly string[],
  options?: CallOptions,
): Promise<ReadonlySet<string>> {
  const undecided = new Set(paths);
  const unchanged = new Set<string>();
  for (const { layer, blobs } of stack.toReversed()) {
    if (undecided.size === 0) break;
    const comparer = new LayerComparer(root, undecided);
    try {
      await consumeBlob({ blob: layer.descriptor, blobs, ...options }, (content) =>
        readTar(decompress(content, { maxRatio: Number.POSITIVE_INFINITY }), comparer, { endMarker: 'optional' }),
      );
    } finally {
      comparer.close();
    }
    for (const [path, isSame] of comparer.verdicts) {
      undecided.delete(path);
      if (isSame) unchanged.add(path);
    }
  }
  return unchanged;
}

/** Compares the files of one layer with those on disk, as the archive streams by. */
class LayerComparer implements ArchiveVisitor {
  /** By path; the last entry of a path counts. */
  readonly verdicts = new Map<string, boolean>();
  readonly #root: string;
  readonly #wanted: ReadonlySet<string>;
  #buffer: Buffer = Buffer.alloc(0);
  #path = '';
  #fd = -1;
  #isSame = false;

  constructor(root: string, wanted: ReadonlySet<string>) {
    this.#root = root;
    this.#wanted = wanted;
  }

  entry(entry: ArchiveEntry): void {
    if (!this.#wanted.has(entry.path)) return;
    const host = hostPath(`${this.#root}/${entry.path}`);
    this.#path = entry.path;
    this.#fd = openSync(host, constants.O_RDONLY | constants.O_NOFOLLOW);
    this.#isSame =
      entry.type === 'file' &&
      entry.size === fstatSync(this.#fd).size &&
      isSameXattrs(new Map(keptXattrs(entry.xattrs ?? new Map())), imageXattrs(fileSystemCalls(), host));
  }

  content(piece: Buffer): void {
    if (this.#fd < 0 || !this.#isSame) return;
    if (this.#buffer.byteLength < piece.byteLength) this.#buffer = Buffer.allocUnsafeSlow(piece.byteLength);
    this.#isSame =
      this.#readFully(piece.byteLength) && this.#buffer.compare(piece, 0, piece.byteLength, 0, piece.byteLength) === 0;
  }

  #readFully(bytes: number): boolean {
    let read = 0;
    while (read < bytes) {
      const count = readSync(this.#fd, this.#buffer, read, bytes - read, null);
      if (count === 0) return false;
      read += count;
    }
    return true;
  }

  end(): void {
    if (this.#fd < 0) return;
    this.verdicts.set(this.#path, this.#isSame);
    this.close();
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

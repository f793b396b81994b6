import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type CallOptions, streamOf } from '@shale/core';
import { decompress, readTar, sniffCompression } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { LayoutInvalidError } from './store-error.ts';

interface Extent {
  readonly offset: number;
  readonly size: number;
}

const CHUNK_BYTES = 1024 * 1024;
const MAX_ENTRIES = 100_000;
const MAX_LINKS = 8;
const SNIFFED_BYTES = 8;

/** The files inside a tar on disk. One pass finds them; they are read in place. */
export class TarIndex implements AsyncDisposable {
  readonly path: string;
  readonly #extents: ReadonlyMap<string, Extent>;
  readonly #links: ReadonlyMap<string, string>;
  readonly #cleanUp: () => Promise<void>;

  private constructor(
    path: string,
    found: { extents: ReadonlyMap<string, Extent>; links: ReadonlyMap<string, string> },
    cleanUp: () => Promise<void>,
  ) {
    this.path = path;
    this.#extents = found.extents;
    this.#links = found.links;
    this.#cleanUp = cleanUp;
  }

  /** Decompresses a compressed archive into a scratch file first, which disposing removes. */
  static async open(path: string, options: CallOptions = {}): Promise<TarIndex> {
    if (!(await isCompressed(path))) return new TarIndex(path, await scan(path, options), async () => undefined);
    const scratch = await openScratchDirectory();
    try {
      const plain = join(scratch.path, 'archive.tar');
      const source = decompress(createReadStream(path, { highWaterMark: CHUNK_BYTES }));
      await pipeline(source, createWriteStream(plain), { signal: options.signal });
      return new TarIndex(plain, await scan(plain, options), async () => scratch[Symbol.asyncDispose]());
    } catch (error) {
      await scratch[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The size in bytes; `undefined` when there is no such file. Follows links inside the archive only. */
  size(name: string): number | undefined {
    return this.#find(name)?.size;
  }

  read(name: string, { signal }: CallOptions = {}): AsyncIterable<Uint8Array> {
    const extent = this.#find(name);
    if (extent === undefined) throw new LayoutInvalidError(`${this.path} has no ${JSON.stringify(name.slice(0, 200))}`);
    if (extent.size === 0) return streamOf();
    const { offset, size } = extent;
    return createReadStream(this.path, { start: offset, end: offset + size - 1, highWaterMark: CHUNK_BYTES, signal });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp();
  }

  #find(name: string): Extent | undefined {
    let current = posix.normalize(name);
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const target = this.#links.get(current);
      if (target === undefined) return this.#extents.get(current);
      current = target;
    }
    return undefined;
  }
}

async function isCompressed(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return sniffCompression(buffer.subarray(0, bytesRead)) !== undefined;
  } finally {
    await file.close();
  }
}

async function scan(
  path: string,
  { signal }: CallOptions,
): Promise<{ extents: ReadonlyMap<string, Extent>; links: ReadonlyMap<string, string> }> {
  const extents = new Map<string, Extent>();
  const links = new Map<string, string>();
  let chunkOffset = 0;
  let chunkStart = 0;
  let awaiting: { readonly name: string; readonly size: number } | undefined;
  const chunks = async function* () {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })) {
      const bytes = chunk as Buffer;
      chunkStart = bytes.byteOffset;
      yield bytes;
      chunkOffset += bytes.byteLength;
    }
  };
  await readTar(
    chunks(),
    {
      entry(entry) {
        const name = posix.normalize(entry.path);
        awaiting = undefined;
        if (entry.type === 'file' && entry.size > 0) awaiting = { name, size: entry.size };
        else if (entry.type === 'file') extents.set(name, { offset: 0, size: 0 });
        else if (entry.type === 'symlink') links.set(name, posix.join(posix.dirname(name), entry.linkPath ?? ''));
        else if (entry.type === 'hardlink') links.set(name, posix.normalize(entry.linkPath ?? ''));
      },
      content(piece) {
        if (awaiting === undefined) return;
        // The piece is a part of the chunk that was read, which gives its offset in the file.
        extents.set(awaiting.name, { offset: chunkOffset + piece.byteOffset - chunkStart, size: awaiting.size });
        awaiting = undefined;
      },
    },
    { limits: { entries: MAX_ENTRIES }, endMarker: 'optional' },
  );
  return { extents, links };
}

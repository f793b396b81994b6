import { pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ArchiveInvalidError, ArchiveLimitError } from './errors.ts';

export interface DecompressOptions {
  /** Output bytes allowed. @default unlimited */
  readonly maxBytes?: number | undefined;
  /** Output bytes allowed for each input byte, once 64 MiB came out. gzip reaches 1030 for zeros. @default 1000 */
  readonly maxRatio?: number | undefined;
}

export type CompressionAlgorithm = 'gzip' | 'zstd' | 'bzip2' | 'xz';

const OUTPUT_CHUNK_BYTES = 1024 * 1024;
const FREE_BYTES = 64 * 1024 * 1024;
const MAX_RATIO = 1000;
const MAGIC_BYTES = 6;

const MAGICS: readonly (readonly [CompressionAlgorithm, string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
];

/** What the first bytes (6 are enough) say; `undefined` for anything else, such as a plain archive. */
export function sniffCompression(start: Uint8Array): CompressionAlgorithm | undefined {
  const hex = Buffer.from(start.subarray(0, MAGIC_BYTES)).toString('hex');
  return MAGICS.find(([, magic]) => hex.startsWith(magic))?.[0];
}

/**
 * Gives the plain bytes of gzip (all members), zstd (all frames) or uncompressed content. The content's first bytes
 * decide, not what a media type promised. Yields chunks of up to 1 MiB, each the consumer's own.
 * @throws {ArchiveInvalidError} for damage, truncation, junk after the end. @throws {ArchiveLimitError} for a bomb.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncIterable<Uint8Array> {
  const { start, all } = await peek(source);
  const algorithm = sniffCompression(start);
  if (algorithm === undefined) {
    yield* limited(all, { ...options, maxRatio: Number.POSITIVE_INFINITY }, () => 1);
    return;
  }
  let read = 0;
  const counted = (async function* () {
    for await (const chunk of all) {
      read += chunk.byteLength;
      yield chunk;
    }
  })();
  const engine = engineFor(algorithm);
  yield* limited(throughEngine(counted, algorithm, engine), options, () => read);
  if (algorithm === 'zstd' && engine.bytesWritten < read) throw damaged(algorithm, 'there is something after its end');
}

async function peek(source: AsyncIterable<Uint8Array>): Promise<{ start: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  for (let bytes = 0; bytes < MAGIC_BYTES; ) {
    const { value, done } = await iterator.next();
    if (done) break;
    head.push(value);
    bytes += value.byteLength;
  }
  const rest = { [Symbol.asyncIterator]: () => iterator };
  const all = (async function* () {
    try {
      yield* head.splice(0);
      yield* rest;
    } finally {
      await iterator.return?.(); // also when nobody came as far as the rest
    }
  })();
  return { start: Buffer.concat(head).subarray(0, MAGIC_BYTES), all };
}

async function* throughEngine(
  source: AsyncIterable<Uint8Array>,
  algorithm: CompressionAlgorithm,
  engine: Engine,
): AsyncIterable<Uint8Array> {
  let sourceError: unknown;
  const guarded = (async function* () {
    try {
      yield* source;
    } catch (error) {
      sourceError = error;
      throw error;
    }
  })();
  pipeline(guarded, engine, () => {}); // its failure ends the iteration below
  try {
    yield* engine as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    throw damaged(algorithm, (error as Error).message, error);
  }
}

function damaged(algorithm: CompressionAlgorithm, why: string, cause?: unknown): ArchiveInvalidError {
  const hint = 'Fetch or compress it again.';
  return new ArchiveInvalidError(`The ${algorithm} data is damaged: ${why}`, { cause, hint });
}

/** `bytesWritten` counts what the engine used: Node's zstd leaves the rest, where its gunzip complains. */
type Engine = Transform & { readonly bytesWritten: number };

function engineFor(algorithm: CompressionAlgorithm): Engine {
  if (algorithm === 'gzip') return createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES });
  if (algorithm === 'zstd') return createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES });
  throw new ArchiveInvalidError(`${algorithm} compression is not supported here`, {
    hint: 'Compress it with gzip or zstd instead.',
  });
}

async function* limited(
  source: AsyncIterable<Uint8Array>,
  { maxBytes = Number.POSITIVE_INFINITY, maxRatio = MAX_RATIO }: DecompressOptions,
  bytesRead: () => number,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ArchiveLimitError(`The content unpacks to more than ${maxBytes} bytes`);
    if (bytes > FREE_BYTES && bytes > bytesRead() * maxRatio) {
      throw new ArchiveLimitError(`The content unpacks to more than ${maxRatio} times its size: a decompression bomb`);
    }
    yield chunk;
  }
}

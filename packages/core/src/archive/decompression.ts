import { pipeline } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../message-of.ts';
import { startDecompressionProgram } from './decompression-program.ts';
import { ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import { peek } from './peek.ts';

export interface DecompressOptions {
  /** Output bytes allowed. @default unlimited */
  readonly maxBytes?: number | undefined;
  /**
   * Output bytes allowed for each input byte, checked after 64 MiB of output. gzip reaches 1030 for zeros.
   * @default 1000
   */
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

/** The compression that the first bytes (6 are enough) show; `undefined` for none. */
export function sniffCompression(start: Uint8Array): CompressionAlgorithm | undefined {
  const hex = Buffer.from(start.subarray(0, MAGIC_BYTES)).toString('hex');
  return MAGICS.find(([, magic]) => hex.startsWith(magic))?.[0];
}

/**
 * Decompresses gzip (all members), zstd (all frames), xz and bzip2, and passes uncompressed content on. The first bytes
 * decide, not a media type. xz and bzip2 need the system's program of that name. Yields chunks of up to 1 MiB, which
 * the consumer owns.
 * @throws {ArchiveInvalidError} for damage, truncation, junk after the end. @throws {ArchiveLimitError} for a bomb.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncIterable<Uint8Array> {
  const { start, all } = await peek(source, MAGIC_BYTES);
  const algorithm = sniffCompression(start);
  const input = new CountedInput(all);
  if (algorithm === undefined) yield* limited(input, { ...options, maxRatio: Number.POSITIVE_INFINITY }, input);
  else yield* limited(throughEngine(input, algorithm), options, input);
}

/** Counts the bytes read, and tells a failure of the source from a failure of its reader. */
class CountedInput implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  bytes = 0;
  failure: { readonly error: unknown } | undefined;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) {
        this.bytes += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

async function* throughEngine(input: CountedInput, algorithm: CompressionAlgorithm): AsyncIterable<Uint8Array> {
  const { writable, readable, finish } = startEngine(algorithm);
  pipeline(input, writable, (error) => error && readable.destroy(error)); // which ends the iteration below
  try {
    yield* readable as AsyncIterable<Uint8Array>;
    await finish(input.bytes);
  } catch (cause) {
    if (input.failure !== undefined) throw input.failure.error;
    throw new ArchiveInvalidError(`The ${algorithm} data is damaged: ${messageOf(cause)}`, {
      cause,
      hint: 'Fetch or compress it again.',
    });
  } finally {
    writable.destroy();
  }
}

/** A decoder. `finish` fails when the stream ended without an error although its input was wrong. */
export interface DecompressionEngine {
  readonly writable: Writable;
  readonly readable: Readable;
  finish(inputBytes: number): void | Promise<void>;
}

function startEngine(algorithm: CompressionAlgorithm): DecompressionEngine {
  if (algorithm === 'xz' || algorithm === 'bzip2') return startDecompressionProgram(algorithm);
  const create = algorithm === 'gzip' ? createGunzip : createZstdDecompress;
  const decoder = create({ chunkSize: OUTPUT_CHUNK_BYTES });
  return {
    writable: decoder,
    readable: decoder,
    finish(inputBytes) {
      // gunzip itself refuses bytes after the last member, except zeros, which pad some archives
      if (algorithm === 'zstd' && decoder.bytesWritten < inputBytes) throw new Error('data follows its end');
    },
  };
}

async function* limited(
  source: AsyncIterable<Uint8Array>,
  { maxBytes = Number.POSITIVE_INFINITY, maxRatio = MAX_RATIO }: DecompressOptions,
  input: { readonly bytes: number },
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ArchiveLimitError(`The content unpacks to more than ${maxBytes} bytes`);
    if (bytes > FREE_BYTES && bytes > input.bytes * maxRatio) {
      throw new ArchiveLimitError(`The content unpacks to more than ${maxRatio} times its size: a decompression bomb`);
    }
    yield chunk;
  }
}

import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Gzip, ZlibReset } from 'node:zlib';
import { constants, createGzip, zstdCompress } from 'node:zlib';
import { storedMemberBytes, writeStoredMember } from './stored-member.ts';

export interface Compression {
  readonly algorithm: 'gzip' | 'zstd' | 'none';
  /** gzip 0-9, zstd 1-19. @default 6 for gzip, 3 for zstd */
  readonly level?: number | undefined;
}

/** Compresses chunks in order. Call one method at a time. */
export interface Compressor {
  /** The caller may reuse the chunk when this returns. The caller waits for a returned promise. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** Resolves when the sink has taken the last compressed byte. */
  end(): Promise<void>;
}

export type CompressedSink = (chunk: Uint8Array) => void | Promise<void>;

/** Input of one gzip member or zstd frame. The compressed bytes depend on it, so it never changes. */
const BLOCK_BYTES = 1024 * 1024;
const SAMPLE_BYTES = 64 * 1024;
const MAX_IN_FLIGHT = 8;
const DEFAULT_LEVEL = { gzip: 6, zstd: 3 } as const;

/**
 * Compresses on the thread pool: each MiB of input is a gzip member or zstd frame of its own, several at once, and
 * decoders read them as one stream. Equal input and options give equal bytes, however the input is cut into chunks and
 * however many cores there are. Blocks that would not shrink are stored, which costs next to nothing.
 */
export function compressorFor(compression: Compression, sink: CompressedSink): Compressor {
  if (compression.algorithm === 'none') return { write: (chunk) => sink(chunk), end: () => Promise.resolve() };
  return new BlockCompressor(compression, sink);
}

/** The returned pieces are valid until the next call. Calls do not overlap. */
type CompressBlock = (block: Uint8Array) => Promise<readonly Uint8Array[]>;

function blockCompression({ algorithm, level: wanted }: Compression): CompressBlock {
  if (algorithm === 'zstd') {
    const params = { [constants.ZSTD_c_compressionLevel]: wanted ?? DEFAULT_LEVEL.zstd };
    const compress = promisify<Uint8Array, object, Uint8Array>(zstdCompress);
    const options = { params, chunkSize: BLOCK_BYTES + SAMPLE_BYTES }; // a whole frame: each chunk costs a pool turn
    return async (block) => [await compress(block, { ...options, pledgedSrcSize: block.byteLength })];
  }
  const level = wanted ?? DEFAULT_LEVEL.gzip;
  const compress = lastingGzip(level);
  let member: Buffer | undefined;
  return async (block) => {
    if (level !== 0 && !looksRandom(block)) return compress(block);
    member ??= Buffer.allocUnsafeSlow(storedMemberBytes(BLOCK_BYTES));
    return [writeStoredMember(member, block)];
  };
}

/** Compresses all blocks with one stream, finished and reset after each: a new stream costs time and memory. */
function lastingGzip(level: number): CompressBlock {
  const options = { level, memLevel: constants.Z_MAX_MEMLEVEL, flush: constants.Z_FINISH, chunkSize: BLOCK_BYTES };
  const stream = createGzip(options) as Gzip & ZlibReset; // Node's types know reset() of other streams only
  let pieces: Uint8Array[] = [];
  let fail: (error: Error) => void = () => {};
  stream.on('data', (piece: Uint8Array) => pieces.push(piece)).on('error', (error) => fail(error));
  return (block) =>
    new Promise((resolve, reject) => {
      pieces = [];
      fail = reject;
      stream.write(block, (error) => {
        if (error) return reject(error);
        stream.reset();
        resolve(pieces);
      });
    });
}

/** In a random sample, the count of each byte value is within this distance of the mean: eight standard deviations. */
const MAX_STRAY = 128;
/** Deflate saves about one byte for each repeated group of four: with fewer repeats than this, less than 2 %. */
const MAX_REPEATS = 0.02 * SAMPLE_BYTES;

/** Whether deflate would save nothing in the first 64 KiB. */
function looksRandom(block: Uint8Array): boolean {
  if (block.byteLength < SAMPLE_BYTES) return false;
  const sample = block.subarray(0, SAMPLE_BYTES);
  return isEven(sample) && repeats(sample) < MAX_REPEATS;
}

/** Whether all byte values are about as frequent. */
function isEven(sample: Uint8Array): boolean {
  const counts = new Uint32Array(256);
  for (let at = 0; at < SAMPLE_BYTES; at += 1) (counts[sample[at] as number] as number) += 1;
  const share = SAMPLE_BYTES / 256;
  return counts.every((count) => Math.abs(count - share) < MAX_STRAY);
}

/** The last four bytes seen, by their hash. */
const seen = new Int32Array(64 * 1024);

/** Counts groups of four bytes that repeat. A repeat is missed when another group with the same hash came between. */
function repeats(sample: Uint8Array): number {
  seen.fill(0);
  let found = 0;
  let four = 0;
  for (let at = 0; at < SAMPLE_BYTES; at += 1) {
    four = (four << 8) | (sample[at] as number);
    const hash = Math.imul(four, 0x9e3779b1) >>> 16;
    if (seen[hash] === four) found += 1;
    seen[hash] = four;
  }
  return found;
}

/** Collects and compresses one block. It is reused, so that memory stays flat. */
interface Lane {
  readonly block: Buffer;
  readonly compress: CompressBlock;
}

interface Job {
  readonly lane: Lane;
  readonly result: Promise<readonly Uint8Array[]>;
}

class BlockCompressor implements Compressor {
  readonly #compression: Compression;
  readonly #sink: CompressedSink;
  readonly #inFlight: number = Math.min(availableParallelism() + 1, MAX_IN_FLIGHT);
  readonly #jobs: Job[] = [];
  readonly #spare: Lane[] = [];
  /** Settles when the sink has the latest block. The sink takes it while the next blocks are collected. */
  #taken: Promise<void> | undefined;
  #lane: Lane;
  #used = 0;
  #isEmpty = true;

  constructor(compression: Compression, sink: CompressedSink) {
    this.#compression = compression;
    this.#sink = sink;
    this.#lane = newLane(compression);
  }

  write(chunk: Uint8Array): void | Promise<void> {
    const taken = this.#fill(chunk);
    if (this.#jobs.length < this.#inFlight && taken === chunk.byteLength) return undefined;
    return this.#drain(chunk.subarray(taken));
  }

  async end(): Promise<void> {
    if (this.#used > 0 || this.#isEmpty) this.#start();
    while (this.#jobs.length > 0) await this.#finishOldest();
    await this.#taken;
  }

  /** Copies what there is room for, and returns how much that was. */
  #fill(chunk: Uint8Array): number {
    let taken = 0;
    while (taken < chunk.byteLength && this.#jobs.length < this.#inFlight) {
      const piece = chunk.subarray(taken, taken + BLOCK_BYTES - this.#used);
      this.#lane.block.set(piece, this.#used);
      this.#used += piece.byteLength;
      taken += piece.byteLength;
      if (this.#used === BLOCK_BYTES) this.#start();
    }
    return taken;
  }

  async #drain(rest: Uint8Array): Promise<void> {
    let left = rest;
    do {
      await this.#finishOldest();
      left = left.subarray(this.#fill(left));
    } while (left.byteLength > 0);
  }

  #start(): void {
    const lane = this.#lane;
    const result = lane.compress(lane.block.subarray(0, this.#used));
    result.catch(() => {}); // reported when the result is taken
    this.#jobs.push({ lane, result });
    this.#lane = this.#spare.pop() ?? newLane(this.#compression);
    this.#used = 0;
    this.#isEmpty = false;
  }

  async #finishOldest(): Promise<void> {
    const job = this.#jobs.shift();
    if (job === undefined) return;
    const pieces = await job.result;
    await this.#taken;
    this.#taken = this.#give(pieces, job.lane);
    this.#taken.catch(() => {}); // reported by the next call that waits for it
  }

  async #give(pieces: readonly Uint8Array[], lane: Lane): Promise<void> {
    for (const piece of pieces) await this.#sink(piece);
    this.#spare.push(lane);
  }
}

function newLane(compression: Compression): Lane {
  return { block: Buffer.allocUnsafeSlow(BLOCK_BYTES), compress: blockCompression(compression) };
}

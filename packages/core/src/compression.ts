import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, deflateRaw, gzip, zstdCompress } from 'node:zlib';

export interface Compression {
  readonly algorithm: 'gzip' | 'zstd' | 'none';
  /** gzip 0-9, zstd 1-19. @default 6 for gzip, 3 for zstd */
  readonly level?: number | undefined;
}

/** Takes chunks and gives compressed ones, in order. One call at a time. */
export interface Compressor {
  /** The chunk is the caller's again when this returns. A promise asks the caller to wait. */
  write(chunk: Uint8Array): void | Promise<void>;
  /** Resolves when the last compressed byte was taken. */
  end(): Promise<void>;
}

export type CompressedSink = (chunk: Uint8Array) => void | Promise<void>;

/** One gzip member or zstd frame holds this much input: the bytes depend on it, so it never changes. */
const BLOCK_BYTES = 1024 * 1024;
const SAMPLE_BYTES = 64 * 1024;
/** A sample that deflates to more than this part of itself makes its block be stored. */
const STORE_RATIO = 0.98;
const MAX_IN_FLIGHT = 8;
const DEFAULT_LEVEL = { gzip: 6, zstd: 3 } as const;

/**
 * Compresses on the thread pool: each MiB of input is a gzip member or zstd frame of its own, several at once, and
 * decoders read them as one stream. Equal input and options give equal bytes, however the input is cut into chunks and
 * however many cores there are. Blocks that would not shrink are stored, which costs next to nothing.
 */
export function compressorFor(compression: Compression, sink: CompressedSink): Compressor {
  if (compression.algorithm === 'none') return { write: (chunk) => sink(chunk), end: () => Promise.resolve() };
  return new BlockCompressor(compressBlockWith(compression), sink);
}

type CompressBlock = (block: Uint8Array) => Promise<Uint8Array>;

function compressBlockWith({ algorithm, level: wanted }: Compression): CompressBlock {
  if (algorithm === 'zstd') {
    const params = { [constants.ZSTD_c_compressionLevel]: wanted ?? DEFAULT_LEVEL.zstd };
    const compress = promisify<Uint8Array, object, Uint8Array>(zstdCompress);
    return (block) => compress(block, { params, pledgedSrcSize: block.byteLength });
  }
  const asked = wanted ?? DEFAULT_LEVEL.gzip;
  const compress = promisify<Uint8Array, object, Uint8Array>(gzip);
  return async (block) => {
    const isStored = asked !== 0 && looksRandom(block) && !(await shrinks(block));
    const level = isStored ? 0 : asked;
    return compress(block, { level, memLevel: constants.Z_MAX_MEMLEVEL, chunkSize: BLOCK_BYTES + SAMPLE_BYTES });
  };
}

/** In a random sample of 64 KiB no byte strays further than this from its share of 256: eight standard deviations. */
const MAX_STRAY = 128;

/** A cheap look before the real test: whether all byte values are about as frequent. */
function looksRandom(block: Uint8Array): boolean {
  if (block.byteLength < SAMPLE_BYTES) return false;
  const counts = new Uint32Array(256);
  for (let at = 0; at < SAMPLE_BYTES; at += 1) (counts[block[at] as number] as number) += 1;
  const share = SAMPLE_BYTES / 256;
  return counts.every((count) => Math.abs(count - share) < MAX_STRAY);
}

async function shrinks(block: Uint8Array): Promise<boolean> {
  const compress = promisify<Uint8Array, object, Uint8Array>(deflateRaw);
  const deflated = await compress(block.subarray(0, SAMPLE_BYTES), { level: 1, chunkSize: 2 * SAMPLE_BYTES });
  return deflated.byteLength < SAMPLE_BYTES * STORE_RATIO;
}

interface Job {
  readonly block: Buffer;
  readonly result: Promise<Uint8Array>;
}

class BlockCompressor implements Compressor {
  readonly #compress: CompressBlock;
  readonly #sink: CompressedSink;
  readonly #inFlight: number = Math.min(availableParallelism() + 1, MAX_IN_FLIGHT);
  readonly #jobs: Job[] = [];
  /** Blocks to fill again, so that memory stays flat. */
  readonly #spare: Buffer[] = [];
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  #isEmpty = true;

  constructor(compress: CompressBlock, sink: CompressedSink) {
    this.#compress = compress;
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    const taken = this.#fill(chunk);
    if (this.#jobs.length < this.#inFlight && taken === chunk.byteLength) return undefined;
    return this.#drain(chunk.subarray(taken));
  }

  async end(): Promise<void> {
    if (this.#used > 0 || this.#isEmpty) this.#start();
    while (this.#jobs.length > 0) await this.#finishOldest();
  }

  /** Copies what there is room for, and returns how much that was. */
  #fill(chunk: Uint8Array): number {
    let taken = 0;
    while (taken < chunk.byteLength && this.#jobs.length < this.#inFlight) {
      const piece = chunk.subarray(taken, taken + BLOCK_BYTES - this.#used);
      this.#block.set(piece, this.#used);
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
    const result = this.#compress(this.#block.subarray(0, this.#used));
    result.catch(() => {}); // whoever takes the job's result meets the failure
    this.#jobs.push({ block: this.#block, result });
    this.#block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#used = 0;
    this.#isEmpty = false;
  }

  async #finishOldest(): Promise<void> {
    const job = this.#jobs.shift();
    if (job === undefined) return;
    const compressed = await job.result;
    this.#spare.push(job.block);
    await this.#sink(compressed);
  }
}

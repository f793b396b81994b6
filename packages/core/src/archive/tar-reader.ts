import { ArchiveInvalidError, ArchiveLimitError } from '../errors.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import type { ArchiveLimits } from './archive-limits.ts';
import { DEFAULT_LIMITS } from './archive-limits.ts';
import { EntryAssembler } from './entry-assembler.ts';
import { isZeroBlock, parseHeader } from './parse-header.ts';
import { BLOCK_BYTES, paddingAfter, TypeFlag } from './tar-format.ts';

/** Called for each entry in turn: `entry`, `content` as often as needed, `end`. A promise makes the reader wait. */
export interface ArchiveVisitor {
  entry(entry: ArchiveEntry): void | Promise<void>;
  /** A piece of the current file. The reader reuses its memory after the call. */
  content?(piece: Buffer): void | Promise<void>;
  /** The current entry is whole. */
  end?(): void | Promise<void>;
}

export interface ReadTarOptions {
  readonly limits?: Partial<ArchiveLimits> | undefined;
  /** `optional` is for bytes that a digest verifies: some tools omit the end marker. @default 'required' */
  readonly endMarker?: 'required' | 'optional' | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Reads a tar archive as a stream: ustar, pax, GNU long names and numbers. Reads the source to its end, so that a hash
 * of it covers every byte.
 * @throws {ArchiveInvalidError} for damage, truncation, sparse files. @throws {ArchiveLimitError}
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  visitor: ArchiveVisitor,
  options: ReadTarOptions = {},
): Promise<void> {
  const parser = new TarParser(visitor, options);
  for await (const chunk of source) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < buffer.byteLength; ) {
      const wait = parser.step(buffer, at);
      if (wait) await wait;
      at = parser.next;
    }
  }
  parser.finish();
}

type State = 'header' | 'meta' | 'content' | 'skip' | 'ended';

/** A state machine of single steps, so that the loop around it awaits only when a visitor returned a promise. */
class TarParser {
  readonly #visitor: ArchiveVisitor;
  readonly #options: ReadTarOptions;
  readonly #limits: ArchiveLimits;
  readonly #assembler: EntryAssembler;
  /** Collects a header, or the payload of an extended header, that spans chunks. */
  #partial: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #collected = 0;
  #state: State = 'header';
  /** Bytes left of the current content, payload or padding. */
  #left = 0;
  #padding = 0;
  #metaType = 0;
  #offset = 0;
  #entries = 0;
  #contentBytes = 0;
  #zeroBlocks = 0;
  #hasTrailer = false;

  /** Where in the chunk the next step starts. */
  next = 0;

  constructor(visitor: ArchiveVisitor, options: ReadTarOptions) {
    this.#visitor = visitor;
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#assembler = new EntryAssembler(this.#limits);
  }

  step(chunk: Buffer, at: number): void | Promise<void> {
    switch (this.#state) {
      case 'header':
        return this.#readHeader(chunk, at);
      case 'content':
        return this.#readContent(chunk, at);
      case 'skip':
        return this.#skip(chunk, at);
      case 'meta':
        return this.#readMeta(chunk, at);
      case 'ended':
        return this.#readTrailer(chunk, at);
    }
  }

  finish(): void {
    const isBetween = this.#state === 'header' && this.#collected === 0 && !this.#assembler.isExpecting;
    if (this.#state === 'ended' || (isBetween && this.#zeroBlocks > 0)) return;
    if (isBetween && this.#options.endMarker === 'optional') return;
    throw new ArchiveInvalidError(`The archive is cut short after ${this.#offset} bytes`, {
      hint: 'Fetch or pack it again.',
    });
  }

  #advance(at: number, bytes: number): void {
    this.next = at + bytes;
    this.#offset += bytes;
  }

  #readHeader(chunk: Buffer, at: number): void | Promise<void> {
    if (this.#collected === 0 && chunk.byteLength - at >= BLOCK_BYTES) {
      this.#advance(at, BLOCK_BYTES);
      return this.#takeHeader(chunk, at);
    }
    if (!this.#collect(chunk, at, BLOCK_BYTES)) return undefined;
    return this.#takeHeader(this.#partial, 0);
  }

  /** Adds to the partial block or payload. Returns whether it is complete. */
  #collect(chunk: Buffer, at: number, total: number): boolean {
    const bytes = Math.min(total - this.#collected, chunk.byteLength - at);
    chunk.copy(this.#partial, this.#collected, at, at + bytes);
    this.#advance(at, bytes);
    this.#collected += bytes;
    if (this.#collected < total) return false;
    this.#collected = 0;
    return true;
  }

  #takeHeader(block: Buffer, at: number): void | Promise<void> {
    if (isZeroBlock(block, at)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) this.#state = 'ended';
      return undefined;
    }
    const offset = this.#offset - BLOCK_BYTES;
    if (this.#zeroBlocks > 0) throw new ArchiveInvalidError(`The archive goes on after a zero block at byte ${offset}`);
    const header = parseHeader(block, at, offset);
    if (EntryAssembler.isMeta(header.typeFlag)) return this.#startMeta(header.typeFlag, header.size);
    const entry = this.#assembler.assemble(header);
    const wait = entry && this.#startEntry(entry);
    const hasDump = entry === undefined || header.typeFlag === TypeFlag.gnuDumpDirectory;
    if (hasDump) this.#startSkip(header.size + paddingAfter(header.size));
    return wait;
  }

  #startMeta(typeFlag: number, size: number): void {
    if (size > this.#limits.metaBytes) {
      throw new ArchiveLimitError(`The archive has an extended header of ${size} bytes`, {
        hint: `At most ${this.#limits.metaBytes} bytes are read.`,
      });
    }
    this.#state = 'meta';
    this.#metaType = typeFlag;
    this.#left = size;
    this.#partial = Buffer.allocUnsafe(size);
    if (size === 0) this.#takeMeta();
  }

  #readMeta(chunk: Buffer, at: number): void {
    if (this.#collect(chunk, at, this.#left)) this.#takeMeta();
  }

  #takeMeta(): void {
    this.#assembler.addMeta(this.#metaType, this.#partial);
    this.#partial = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#startSkip(paddingAfter(this.#left));
  }

  #startEntry(entry: ArchiveEntry): void | Promise<void> {
    this.#entries += 1;
    this.#contentBytes += entry.size;
    this.#checkTotals();
    this.#left = entry.size;
    this.#padding = paddingAfter(entry.size);
    this.#state = entry.size > 0 ? 'content' : 'header';
    const wait = this.#visitor.entry(entry);
    if (entry.size > 0) return wait;
    return wait ? wait.then(() => this.#visitor.end?.()) : this.#visitor.end?.();
  }

  #checkTotals(): void {
    const { entries, contentBytes } = this.#limits;
    if (this.#entries > entries) throw new ArchiveLimitError(`The archive has more than ${entries} entries`);
    if (this.#contentBytes > contentBytes) {
      throw new ArchiveLimitError(`The files of the archive are larger than ${contentBytes} bytes together`);
    }
  }

  #readContent(chunk: Buffer, at: number): void | Promise<void> {
    const bytes = Math.min(this.#left, chunk.byteLength - at);
    this.#advance(at, bytes);
    this.#left -= bytes;
    const wait = this.#visitor.content?.(chunk.subarray(at, at + bytes));
    if (this.#left > 0) return wait;
    this.#startSkip(this.#padding);
    return wait ? wait.then(() => this.#visitor.end?.()) : this.#visitor.end?.();
  }

  #startSkip(bytes: number): void {
    this.#left = bytes;
    this.#state = bytes > 0 ? 'skip' : 'header';
  }

  #skip(chunk: Buffer, at: number): void {
    const bytes = Math.min(this.#left, chunk.byteLength - at);
    this.#advance(at, bytes);
    this.#left -= bytes;
    if (this.#left === 0) this.#state = 'header';
  }

  #readTrailer(chunk: Buffer, at: number): void {
    if (!this.#hasTrailer && chunk.subarray(at).some((byte) => byte !== 0)) {
      this.#hasTrailer = true;
      this.#options.onWarning?.(`The archive has data after its end, which is ignored`);
    }
    this.#advance(at, chunk.byteLength - at);
  }
}

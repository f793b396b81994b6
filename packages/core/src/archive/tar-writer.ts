import { readSync } from 'node:fs';
import type { ArchiveEntry } from './archive-entry.ts';
import type { HeaderFields } from './tar-header.ts';
import { encodeEntry, writeHeader } from './tar-header.ts';
import { BLOCK_BYTES, paddingAfter, TypeFlag } from './tar-format.ts';

/** Takes a chunk of the archive. The writer reuses the chunk once this returns, or once its promise settles. */
export type ArchiveSink = (chunk: Uint8Array) => void | Promise<void>;

/** A file's bytes: an open descriptor read from its position, memory, or a stream. */
export type EntryContent = number | Uint8Array | AsyncIterable<Uint8Array>;

const CHUNK_BYTES = 1024 * 1024;
/** Additional room for headers and the end marker, so that they never need a flush of their own. */
const SLACK_BYTES = 4096;

const PAX_HEADER: Omit<HeaderFields, 'size'> = {
  name: '././@PaxHeader',
  prefix: '',
  linkName: '',
  typeFlag: TypeFlag.paxNext,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  deviceMajor: 0,
  deviceMinor: 0,
};

/**
 * Writes a tar archive: ustar, with pax records only for what a header cannot hold. Equal entries give equal bytes.
 *
 * Works synchronously in one reused buffer, and returns a promise only when the sink did: await what is not
 * `undefined`.
 * @example
 * const tar = new TarWriter((chunk) => void hash.update(chunk));
 * await tar.entry({ path: 'etc/motd', type: 'file', size: 3, ...metadata }, Buffer.from('hi\n'));
 * await tar.finish();
 */
export class TarWriter {
  readonly #sink: ArchiveSink;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + SLACK_BYTES);
  #used = 0;
  #entries = 0;

  constructor(sink: ArchiveSink) {
    this.#sink = sink;
  }

  /** Entries written so far. */
  get entries(): number {
    return this.#entries;
  }

  /**
   * Writes exactly `entry.size` bytes: fills up with zeros when the content is shorter, and cuts it when it is longer.
   */
  entry(entry: ArchiveEntry, content?: EntryContent): void | Promise<void> {
    const full = this.#used >= CHUNK_BYTES ? this.#flush() : undefined;
    return full ? full.then(() => this.#entry(entry, content)) : this.#entry(entry, content);
  }

  /** Writes the end marker, and passes the rest to the sink. */
  finish(): void | Promise<void> {
    this.#zeros(2 * BLOCK_BYTES);
    return this.#flush();
  }

  #entry(entry: ArchiveEntry, content: EntryContent | undefined): void | Promise<void> {
    this.#entries += 1;
    const { fields, pax } = encodeEntry(entry);
    const long = pax && this.#pax(pax);
    if (long) return long.then(() => this.#body(fields, entry.size, content));
    return this.#body(fields, entry.size, content);
  }

  #pax(payload: Buffer): void | Promise<void> {
    this.#header({ ...PAX_HEADER, size: payload.byteLength });
    return this.#bytes(payload, payload.byteLength);
  }

  #body(fields: HeaderFields, size: number, content: EntryContent | undefined): void | Promise<void> {
    this.#header(fields);
    if (size === 0) return undefined;
    if (typeof content === 'number') return this.#file(content, size, paddingAfter(size));
    if (content === undefined || content instanceof Uint8Array) return this.#bytes(content ?? EMPTY, size);
    return this.#stream(content, size);
  }

  #header(fields: HeaderFields): void {
    writeHeader(this.#buffer, this.#used, fields);
    this.#used += BLOCK_BYTES;
  }

  #file(fd: number, size: number, padding: number): void | Promise<void> {
    let left = size;
    while (left > 0) {
      if (this.#used >= CHUNK_BYTES) {
        const wait = this.#flush();
        const rest = left;
        if (wait) return wait.then(() => this.#file(fd, rest, padding));
      }
      const room = Math.min(left, CHUNK_BYTES - this.#used);
      const bytes = readSync(fd, this.#buffer, this.#used, room, null);
      if (bytes === 0) return this.#fill(left + padding);
      this.#used += bytes;
      left -= bytes;
    }
    return this.#fill(padding);
  }

  #bytes(content: Uint8Array, size: number): void | Promise<void> {
    return this.#copy(content.subarray(0, size), size - content.byteLength, paddingAfter(size));
  }

  #copy(content: Uint8Array, missing: number, padding: number): void | Promise<void> {
    let rest = content;
    while (rest.byteLength > 0) {
      if (this.#used >= CHUNK_BYTES) {
        const wait = this.#flush();
        const left = rest;
        if (wait) return wait.then(() => this.#copy(left, missing, padding));
      }
      const piece = rest.subarray(0, CHUNK_BYTES - this.#used);
      this.#buffer.set(piece, this.#used);
      this.#used += piece.byteLength;
      rest = rest.subarray(piece.byteLength);
    }
    return this.#fill(Math.max(missing, 0) + padding);
  }

  async #stream(content: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    let left = size;
    for await (const chunk of content) {
      const piece = chunk.subarray(0, left);
      await this.#copy(piece, 0, 0);
      left -= piece.byteLength;
      if (left === 0) break;
    }
    await this.#fill(left + paddingAfter(size));
  }

  #fill(length: number): void | Promise<void> {
    let left = length;
    while (left > 0) {
      if (this.#used >= CHUNK_BYTES) {
        const wait = this.#flush();
        const rest = left;
        if (wait) return wait.then(() => this.#fill(rest));
      }
      const piece = Math.min(left, CHUNK_BYTES - this.#used);
      this.#zeros(piece);
      left -= piece;
    }
    return undefined;
  }

  #zeros(length: number): void {
    this.#buffer.fill(0, this.#used, this.#used + length);
    this.#used += length;
  }

  #flush(): void | Promise<void> {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return this.#sink(chunk);
  }
}

const EMPTY = new Uint8Array();

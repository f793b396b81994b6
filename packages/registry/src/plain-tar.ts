import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CallOptions } from '@shale/core';
import type { Pack } from 'tar-stream';

const ROOT_AT_EPOCH = { uid: 0, gid: 0, mtime: new Date(0) };

type EntryHeader = Parameters<Pack['entry']>[0];

/**
 * Writes a tar of plain files and directories, owned by root and dated to the epoch: equal entries give equal bytes.
 * `sink` is not ended. Not for layers, whose metadata tar-stream cannot hold: `TarWriter` writes those.
 */
export class PlainTar {
  readonly #pack: Pack;
  readonly #signal: AbortSignal | undefined;
  readonly #sent: Promise<void>;

  private constructor(pack: Pack, sink: Writable, { signal }: CallOptions) {
    this.#pack = pack;
    this.#signal = signal;
    this.#sent = pipeline(chunksOf(this.#pack), sink, { end: false, signal });
    this.#sent.catch(() => undefined); // the next call reports it
  }

  static async open(sink: Writable, options: CallOptions = {}): Promise<PlainTar> {
    const { pack } = await import('tar-stream'); // programs that write no archive start without it
    return new PlainTar(pack(), sink, options);
  }

  async directory(path: string): Promise<void> {
    await this.#write({ type: 'directory', name: `${path}/`, mode: 0o755 });
  }

  /** Reads `content` to its end, which has to be `size` bytes long. */
  async file(path: string, size: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#write({ type: 'file', name: path, mode: 0o644, size }, content);
  }

  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#sent;
  }

  async #write(header: EntryHeader, content?: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      const entry = this.#pack.entry({ ...ROOT_AT_EPOCH, ...header });
      if (content !== undefined) await pipeline(content, entry, { signal: this.#signal });
    } catch (error) {
      await this.#sent; // when the sink failed, its error is the cause
      throw error;
    }
  }
}

/** An iterable, because the pack's own `pipe` ends the sink whatever it is told. */
async function* chunksOf(pack: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of pack) yield chunk as Uint8Array;
}

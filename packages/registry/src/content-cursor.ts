/** Reads content in pieces from any offset. Only going back opens the content again. */
export class ContentCursor implements AsyncDisposable {
  readonly #open: () => AsyncIterable<Uint8Array>;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array();
  #offset = 0;

  constructor(open: () => AsyncIterable<Uint8Array>) {
    this.#open = open;
  }

  async seek(offset: number): Promise<void> {
    if (offset < this.#offset) await this[Symbol.asyncDispose]();
    while (this.#offset < offset) {
      if (!(await this.#fill())) return;
      this.#consume(offset - this.#offset);
    }
  }

  /** Yields the next `size` bytes, or fewer at the end of the content. */
  async *take(size: number): AsyncIterable<Uint8Array> {
    for (let left = size; left > 0; ) {
      if (!(await this.#fill())) return;
      const part = this.#consume(left);
      left -= part.byteLength;
      yield part;
    }
  }

  /** Reads to the end, so that content which verifies itself has done so. */
  async finish(): Promise<void> {
    while (await this.#fill()) this.#consume(this.#rest.byteLength);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator?.return?.();
    this.#iterator = undefined;
    this.#rest = new Uint8Array();
    this.#offset = 0;
  }

  async #fill(): Promise<boolean> {
    this.#iterator ??= this.#open()[Symbol.asyncIterator]();
    while (this.#rest.byteLength === 0) {
      const next = await this.#iterator.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    return true;
  }

  #consume(size: number): Uint8Array {
    const part = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(part.byteLength);
    this.#offset += part.byteLength;
    return part;
  }
}

/** A stream whose first bytes are known. Disposing closes the source, when the content is not read to its end. */
export interface PeekedContent extends AsyncDisposable {
  /** The first bytes; fewer than asked for when the content is shorter. */
  readonly start: Uint8Array;
  /** The whole content, `start` included, to be read once. */
  readonly all: AsyncIterable<Uint8Array>;
}

/** Reads the first bytes of a stream without taking them from it. */
export async function peek(source: AsyncIterable<Uint8Array>, bytes: number): Promise<PeekedContent> {
  const iterator = source[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  for (let length = 0; length < bytes; ) {
    const { value, done } = await iterator.next();
    if (done) break;
    head.push(value);
    length += value.byteLength;
  }
  return {
    start: Buffer.concat(head).subarray(0, bytes),
    all: replay(head, iterator),
    async [Symbol.asyncDispose]() {
      await iterator.return?.();
    },
  };
}

async function* replay(head: Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* head.splice(0);
    yield* { [Symbol.asyncIterator]: () => iterator };
  } finally {
    await iterator.return?.(); // also when the reader stopped before the rest
  }
}

import { expect, it } from 'vitest';
import { peek } from './peek.ts';
import { readBytes } from '../verify-blob.ts';

/** A stream of single bytes that notes when it is closed. */
function bytesOf(text: string) {
  const state = { isClosed: false };
  async function* open() {
    try {
      for (const byte of Buffer.from(text)) yield Buffer.from([byte]);
    } finally {
      state.isClosed = true;
    }
  }
  return { state, content: open() };
}

it('returns the first bytes, and the whole content after that', async () => {
  await using peeked = await peek(bytesOf('content').content, 3);
  expect(Buffer.from(peeked.start).toString()).toBe('con');
  expect(Buffer.from(await readBytes(peeked.all)).toString()).toBe('content');
});

it('returns what there is of shorter content', async () => {
  await using peeked = await peek(bytesOf('co').content, 3);
  expect(Buffer.from(peeked.start).toString()).toBe('co');
});

it('closes the source when nobody reads on', async () => {
  const { state, content } = bytesOf('content');
  {
    await using _ = await peek(content, 3);
  }
  expect(state.isClosed).toBe(true);
});

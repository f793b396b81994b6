import { expect, it } from 'vitest';
import { streamOf } from './stream-of.ts';
import { readBytes } from './verify-blob.ts';

it('yields the chunks in order, and nothing when there are none', async () => {
  expect(Buffer.from(await readBytes(streamOf(Buffer.from('a'), Buffer.from('b')))).toString()).toBe('ab');
  expect(await readBytes(streamOf())).toHaveLength(0);
});

import { expect, it } from 'vitest';
import { sha256 } from './digest.ts';
import { EMPTY_DIFF_ID } from './layer.ts';

it('EMPTY_DIFF_ID is the digest of two zero blocks', () => {
  expect(EMPTY_DIFF_ID).toBe(sha256(Buffer.alloc(1024)));
});

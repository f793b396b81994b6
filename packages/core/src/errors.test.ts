import { expect, it } from 'vitest';
import { sha256 } from './digest.ts';
import { ArchiveLimitError, BlobMissingError, DigestMismatchError, ShaleError, SizeMismatchError } from './errors.ts';

it('a ShaleError carries code, hint, cause and its own name', () => {
  const cause = new Error('below');
  const error = new ArchiveLimitError('too deep', { hint: 'Pack it flatter.', cause });
  expect(error).toBeInstanceOf(ShaleError);
  expect(error).toMatchObject({ name: 'ArchiveLimitError', code: 'ARCHIVE_LIMIT', hint: 'Pack it flatter.', cause });
});

it('mismatches say what was expected and what came', () => {
  const [a, b] = [sha256('a'), sha256('b')];
  expect(new DigestMismatchError(a, b)).toMatchObject({ expected: a, actual: b, hint: undefined });
  expect(new DigestMismatchError(a, b).message).toContain(`expected ${a}, received ${b}`);
  expect(new SizeMismatchError({ digest: a, size: 10 }, 11).message).toContain('expected 10 bytes, received 11');
  expect(new BlobMissingError(a, 'the store').message).toBe(`Blob ${a} is not in the store`);
});

import { expect, it } from 'vitest';
import { DigestInvalidError, NoSpaceError } from './errors.ts';
import { hintOf } from './remedies.ts';

it('hintOf() is the hint of the error, then what the app adds for its code', () => {
  const remedies = { NO_SPACE: 'Prune.' };
  expect(hintOf(new NoSpaceError('full', { hint: 'Free some space.' }), remedies)).toBe('Free some space. Prune.');
  expect(hintOf(new NoSpaceError('full'), remedies)).toBe('Prune.');
  expect(hintOf(new DigestInvalidError('no', { hint: 'Write sha256.' }), remedies)).toBe('Write sha256.');
  expect(hintOf(new DigestInvalidError('no'), remedies)).toBeUndefined();
});

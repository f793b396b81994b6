import { expect, it } from 'vitest';
import { messageOf } from './message-of.ts';

it('returns the message of an error, and the text of anything else', () => {
  expect(messageOf(new RangeError('too far'))).toBe('too far');
  expect(messageOf('text')).toBe('text');
  expect(messageOf(undefined)).toBe('undefined');
});

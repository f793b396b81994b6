import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const variables = { SET: 'value', EMPTY: '', NESTED: '${SET}' };

describe('interpolate()', () => {
  it.each([
    ['$SET-${SET}', 'value-value'],
    ['$SET_X|${NONE}|', '||'],
    ['$$SET $${SET} $', '$SET ${SET} $'],
    ['$1 $-', '$1 $-'],
    ['${EMPTY:-d}|${EMPTY-d}|${NONE-d}|${SET:-d}', 'd||d|value'],
    ['${EMPTY:+o}|${EMPTY+o}|${NONE+o}|${SET:+o}', '|o||o'],
    ['${NONE:-${SET}/${NONE:-deep}}', 'value/deep'],
    ['${NONE:-a:b-c}', 'a:b-c'],
    ['${NESTED}', '${SET}'],
    ['${constructor}', ''],
    ['}{', '}{'],
  ])('makes %s to %s', (text, expected) => {
    expect(interpolate(text, variables)).toBe(expected);
  });

  it.each([
    ['${NONE:?set it}', 'The variable NONE is needed: set it'],
    ['${EMPTY:?}', 'The variable EMPTY is needed'],
    ['${SET', 'malformed'],
    ['${}', 'malformed'],
    ['${1}', 'malformed'],
    ['${SET!}', 'malformed'],
    [`${'${A:-'.repeat(50)}${'}'.repeat(50)}`, 'nest too deeply'],
  ])('refuses %s: %s', (text, message) => {
    expect(() => interpolate(text, variables)).toThrow(message);
  });

  it('keeps an empty variable that must only be set', () => {
    expect(interpolate('[${EMPTY?needed}]', variables)).toBe('[]');
  });
});

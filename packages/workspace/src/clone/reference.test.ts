import { describe, expect, it } from 'vitest';
import { parseRemoteReferences, resolveReference } from './reference.ts';

const COMMIT = 'a'.repeat(40);
const remote = parseRemoteReferences(
  [
    'ref: refs/heads/trunk\tHEAD',
    `${COMMIT}\tHEAD`,
    `${COMMIT}\trefs/heads/trunk`,
    `${COMMIT}\trefs/heads/feature/x`,
    `${COMMIT}\trefs/heads/both`,
    `${COMMIT}\trefs/tags/both`,
    `${COMMIT}\trefs/tags/v1`,
    `${COMMIT}\trefs/tags/v1^{}`,
    `${COMMIT}\trefs/pull/7/head`,
    '',
  ].join('\n'),
);

describe('resolveReference()', () => {
  it.each([
    [undefined, 'branch', 'trunk'],
    ['HEAD', 'branch', 'trunk'],
    ['trunk', 'branch', 'trunk'],
    ['refs/heads/feature/x', 'branch', 'feature/x'],
    ['feature/x', 'branch', 'feature/x'],
    ['both', 'branch', 'both'],
    ['refs/tags/both', 'tag', 'refs/tags/both'],
    ['v1', 'tag', 'refs/tags/v1'],
    [COMMIT, 'other', COMMIT],
    ['abcdef1', 'other', 'abcdef1'],
    ['pull/7/head', 'other', 'refs/pull/7/head'],
    ['refs/pull/7/head', 'other', 'refs/pull/7/head'],
    ['refs/keep-around/1', 'other', 'refs/keep-around/1'],
  ] as const)('%s', (ref, type, name) => {
    expect(resolveReference(remote, ref)).toEqual({ type, name });
  });

  it.each(['nope', 'refs/heads/v1', 'refs/tags/trunk', '--upload-pack=x', 'a b', 'a..b'])('has no %s', (ref) => {
    expect(() => resolveReference(remote, ref)).toThrow("couldn't find remote ref");
  });

  it('of an empty repository is nothing, and of a detached HEAD its commit', () => {
    expect(resolveReference(parseRemoteReferences(''), undefined)).toBeUndefined();
    expect(resolveReference(parseRemoteReferences(`${COMMIT}\tHEAD\n`), undefined)).toEqual({
      type: 'other',
      name: COMMIT,
    });
  });
});

import { sha256 } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { formatLockfile, isLockfileCurrent, lockfilePath, parseLockfile, requireFrozen } from './lockfile.ts';

const lockfile = { features: { 'ghcr.io/a/b:1': { version: '1.0.0', resolved: 'r', integrity: sha256('x') } } };

it.each([
  ['/w/.devcontainer/devcontainer.json', '/w/.devcontainer/devcontainer-lock.json'],
  ['/w/.devcontainer.json', '/w/.devcontainer-lock.json'],
])('lockfilePath() of %s is %s', (path, expected) => {
  expect(lockfilePath(path)).toBe(expected);
});

describe('parseLockfile()', () => {
  it('reads what formatLockfile() writes', () => {
    expect(parseLockfile(formatLockfile(lockfile), 'lock')).toEqual(lockfile);
  });

  it('takes a blank file for one that locks nothing yet', () => {
    expect(parseLockfile(' \n', 'lock')).toEqual({ features: {} });
  });

  it.each([
    ['{', 'lock: the lockfile is not JSON'],
    ['{}', 'lock: features must be an object'],
    ['{"features":{"a":{"resolved":"r","integrity":"md5"}}}', 'features["a"].integrity is no digest'],
  ])('refuses %s', (text, message) => {
    expect(() => parseLockfile(text, 'lock')).toThrow(message);
  });
});

describe('requireFrozen()', () => {
  it('accepts the same content in another indentation', () => {
    expect(() => requireFrozen(JSON.stringify(lockfile), lockfile)).not.toThrow();
    expect(isLockfileCurrent('{"features":{}}', lockfile)).toBe(false);
  });

  it.each([
    [undefined, 'Lockfile does not exist.'],
    ['', 'Lockfile does not match.'],
    ['{"features":{}}', 'Lockfile does not match.'],
  ])('refuses %j: %s', (text, message) => {
    expect(() => requireFrozen(text, lockfile)).toThrow(message);
  });
});

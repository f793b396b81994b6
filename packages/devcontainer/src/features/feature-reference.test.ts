import { describe, expect, it } from 'vitest';
import { parseFeatureReference } from './feature-reference.ts';

const context = { configurationPath: '/src/.devcontainer/devcontainer.json', workspaceFolder: '/src' };
const parse = (text: string) => parseFeatureReference(text, context);
const digest = `sha256:${'a'.repeat(64)}`;

describe('parseFeatureReference()', () => {
  it.each([
    [
      'ghcr.io/devcontainers/features/node:1',
      { resource: 'ghcr.io/devcontainers/features/node', tag: '1', id: 'node' },
    ],
    ['GHCR.io/Owner/Repo/ID', { resource: 'ghcr.io/owner/repo/id', tag: 'latest', namespace: 'owner/repo' }],
    ['localhost:5000/x/y', { registry: 'localhost:5000', namespace: 'x', id: 'y', tag: 'latest' }],
    [`ghcr.io/a/b/c@${digest}`, { digest, tag: undefined, resource: 'ghcr.io/a/b/c' }],
    ['node', { resource: 'ghcr.io/devcontainers/features/node', tag: '1' }],
    ['golang', { resource: 'ghcr.io/devcontainers/features/go', tag: '1' }],
  ])('reads %s', (text, expected) => {
    expect(parse(text)).toMatchObject({ type: 'oci', ...expected });
  });

  it('asks for what moved to another owner where it is now, and compares it by its old name', () => {
    expect(parse('ghcr.io/devcontainers-contrib/features/x:1')).toMatchObject({
      resource: 'ghcr.io/devcontainers-contrib/features/x',
      reference: { repository: 'devcontainers-extra/features/x' },
    });
  });

  it.each([
    ['https://example.com/a/devcontainer-feature-my_id.tgz', { type: 'tarball', id: 'my_id' }],
    ['./local', { type: 'local', id: 'local', folder: '/src/.devcontainer/local' }],
    ['../.devcontainer/deep/er', { type: 'local', id: 'er', folder: '/src/.devcontainer/deep/er' }],
  ])('reads %s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  it.each([
    ['../outside', 'it is not in /src/.devcontainer'],
    ['./../../etc', 'it is not in /src/.devcontainer'],
    ['/absolute', 'a local feature is relative to devcontainer.json'],
    ['https://example.com/feature.tgz', 'the file of a tarball is called devcontainer-feature-<id>.tgz'],
    ['nodejs', 'it has no registry'],
    ['owner/repo/id', '"owner" is no registry'],
    ['ghcr.io/a/b:!', 'the version is malformed'],
    ['ghcr.io/a//b', 'the path is malformed'],
    ['ghcr.io/a/b@sha256:1', 'the digest is malformed'],
  ])('refuses %s: %s', (text, why) => {
    expect(() => parse(text)).toThrow(why);
  });
});

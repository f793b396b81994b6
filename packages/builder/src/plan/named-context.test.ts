import { expect, it } from 'vitest';
import { findNamedContext } from './named-context.ts';

it.each([
  ['alpine', 'docker.io/library/alpine:latest'],
  ['docker.io/library/alpine', 'alpine:latest'],
  ['Docs', 'docs'],
  ['me/app', 'docker.io/me/app'],
  ['registry.example/library/app:latest', 'registry.example/library/app'],
])('findNamedContext() takes %s for %s', (key, name) => {
  const context = { type: 'image', reference: 'x' } as const;
  expect(findNamedContext(new Map([[key, context]]), name)).toBe(context);
});

it('findNamedContext() keeps tags, hosts and folders apart', () => {
  const contexts = new Map([['alpine', { type: 'image', reference: 'x' } as const]]);
  for (const name of ['alpine:3', 'me/alpine', 'ghcr.io/library/alpine'])
    expect(findNamedContext(contexts, name)).toBeUndefined();
});

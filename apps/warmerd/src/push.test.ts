import { parseReference } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { isMovedBy, parsePushes } from './push.ts';

describe('parsePushes()', () => {
  it('reads what CNCF distribution, Harbor, Docker Hub and Quay send', () => {
    const target = { repository: 'team/app', tag: 'v1' };
    const blob = { action: 'push', target: { repository: 'team/app' } };
    const pull = { action: 'pull', target };
    const push = { action: 'push', target, request: { host: 'registry.example' } };
    expect(parsePushes({ events: [blob, pull, push] })).toEqual([
      { registry: 'registry.example', repository: 'team/app', tag: 'v1' },
    ]);
    const resources = [{ resource_url: 'harbor.example/team/app:v2', tag: 'v2' }];
    expect(parsePushes({ type: 'PUSH_ARTIFACT', event_data: { resources } })).toEqual([
      { registry: 'harbor.example', repository: 'team/app', tag: 'v2' },
    ]);
    expect(parsePushes({ type: 'DELETE_ARTIFACT', event_data: { resources } })).toEqual([]);
    expect(parsePushes({ push_data: { tag: '12' }, repository: { repo_name: 'library/debian' } })).toEqual([
      { registry: 'docker.io', repository: 'library/debian', tag: '12' },
    ]);
    expect(parsePushes({ docker_url: 'quay.io/team/app', updated_tags: ['a', 'b'] })).toHaveLength(2);
    expect(parsePushes({ ping: true })).toBeUndefined();
    expect(parsePushes('text')).toBeUndefined();
  });
});

describe('isMovedBy()', () => {
  const isMoved = (image: string, registry?: string) =>
    isMovedBy(
      parseReference(image),
      { registry, repository: 'team/app', tag: 'v1' },
      new Set(['a.example', 'b.example']),
    );

  it('goes by repository and tag, and by the registry where its name is known here', () => {
    expect(isMoved('a.example/team/app:v1')).toBe(true);
    expect(isMoved('a.example/team/app:v2')).toBe(false);
    expect(isMoved('a.example/team/other:v1')).toBe(false);
    expect(isMoved('a.example/team/app:v1', 'b.example')).toBe(false);
    expect(isMoved('a.example/team/app:v1', 'registry.internal:5000')).toBe(true);
    expect(isMoved(`a.example/team/app:v1@sha256:${'0'.repeat(64)}`)).toBe(false);
  });
});

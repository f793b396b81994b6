import { parseReference } from '@shale/core';
import { faultProxy, makeImage, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { describeScarcity, parsePullLimit } from './pull-limit.ts';
import { createRegistryClient } from './registry-client.ts';

const headers = (limit?: string, remaining?: string) => (name: string) =>
  ({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining })[name];

it.each([
  [headers('100;w=21600', '76;w=21600'), { limit: 100, remaining: 76, windowSeconds: 21_600 }],
  [headers('100', '0'), { limit: 100, remaining: 0, windowSeconds: undefined }],
  [headers('100;w=21600', undefined), undefined],
  [headers('many', '1'), undefined],
])('parsePullLimit() reads what Docker Hub tells', (header, expected) => {
  expect(parsePullLimit(header)).toEqual(expected);
});

it('describeScarcity() speaks only when pulls come to their end', () => {
  expect(describeScarcity({ limit: 100, remaining: 11, windowSeconds: 21_600 })).toBeUndefined();
  expect(describeScarcity({ limit: 100, remaining: 3, windowSeconds: 21_600 })).toBe(
    'fewer than 11 of 100 pulls in 6 hours are left: log in, warm base images, or name a mirror',
  );
});

it('a client tells once that pulls come to their end', async () => {
  await using registry = await startRegistry();
  const limits = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '3;w=21600' };
  await using proxy = await faultProxy(registry.url, [{ path: /manifests/, fault: { headers: limits } }]);
  const warnings: string[] = [];
  await using client = createRegistryClient({
    onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
  });
  const repository = client.repository(parseReference(`${proxy.host}/app`));
  await makeImage(repository, { layers: [{ a: 'a' }], tag: 'v1' });
  for (let pull = 0; pull < 3; pull += 1) await repository.getManifest('v1');
  expect(warnings).toEqual([expect.stringContaining('fewer than 11 of 100 pulls')]);
});

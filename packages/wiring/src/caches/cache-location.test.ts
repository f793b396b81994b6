import { expect, it } from 'vitest';
import { parseCacheRepository } from './cache-location.ts';

it('parseCacheRepository() refuses a tag, which would be a key', () => {
  const found = parseCacheRepository('127.0.0.1:5000/cache');
  expect(found).toMatchObject({ registry: '127.0.0.1:5000', repository: 'cache' });
  expect(() => parseCacheRepository('127.0.0.1:5000/cache:v1')).toThrow('A cache repository has no tag or digest');
});

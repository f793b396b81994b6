import { cacheBackendContract, madeKey, openMadeEntries } from '@shale/testing/cache-backend-contract';
import { expect, it } from 'vitest';
import { memoryCache } from './memory-cache.ts';

cacheBackendContract('memoryCache()', async () => ({ cache: memoryCache(), [Symbol.asyncDispose]: async () => {} }));

it('memoryCache() forgets what was used longest ago', async () => {
  await using made = await openMadeEntries();
  const entry = await made.entry('x');
  const cache = memoryCache({ maxEntries: 2 });
  await cache.store(madeKey('a'), entry);
  await cache.store(madeKey('b'), entry);
  await cache.lookup(madeKey('a'));
  await cache.store(madeKey('c'), entry);
  const found = await Promise.all(['a', 'b', 'c'].map((name) => cache.lookup(madeKey(name))));
  expect(found.map((hit) => hit !== undefined)).toEqual([true, false, true]);
});

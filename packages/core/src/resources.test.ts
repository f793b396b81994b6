import { expect, it } from 'vitest';
import { Resources } from './resources.ts';

it('Resources are disposed the last first, whatever fails, and once', async () => {
  const disposed: string[] = [];
  const resources = new Resources();
  resources.use({ [Symbol.dispose]: () => void disposed.push('first') });
  resources.defer(() => Promise.reject(new Error('of the second')));
  resources.use({ [Symbol.asyncDispose]: async () => void disposed.push('third') });
  resources.defer(() => {
    throw new Error('of the fourth');
  });
  await expect(resources[Symbol.asyncDispose]()).rejects.toThrow('of the fourth');
  expect(disposed).toEqual(['third', 'first']);
  await resources[Symbol.asyncDispose]();
  expect(disposed).toHaveLength(2);
});

it('move() leaves nothing to dispose', async () => {
  let count = 0;
  const disposing = async () => {
    await using resources = new Resources();
    resources.defer(() => (count += 1));
    return resources.move();
  };
  const kept = await disposing();
  expect(count).toBe(0);
  await kept[Symbol.asyncDispose]();
  expect(count).toBe(1);
});

import { expect, it } from 'vitest';
import { chainIds } from './chain-id.ts';
import { parseDigest } from './digest.ts';

const digest = (hex: string) => parseDigest(`sha256:${hex}`);

it('chainIds() hashes "<parent> <diffId>" for each layer above the first', () => {
  const [a, b] = [digest('a'.repeat(64)), digest('b'.repeat(64))];
  // printf 'sha256:aa…a sha256:bb…b' | sha256sum
  const both = digest('ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c');
  expect(chainIds([a, b])).toEqual([a, both]);
  expect(chainIds([a, b, a])).toHaveLength(3);
  expect(chainIds([])).toEqual([]);
});

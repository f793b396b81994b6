import { hostPlatform, parsePlatform } from '@shale/core';
import { expect, it } from 'vitest';
import { buildPlatforms, parsePlatforms } from './platforms.ts';

it("parsePlatforms() reads several texts, all, and this machine's for none", () => {
  const platforms = ['linux/amd64', 'linux/arm64', 'linux/riscv64'].map(parsePlatform);
  expect(parsePlatforms(['linux/amd64, linux/arm64', 'linux/riscv64'])).toEqual(platforms);
  expect(parsePlatforms(['linux/amd64', 'all'])).toBe('all');
  expect(parsePlatforms([])).toEqual([hostPlatform()]);
  expect(buildPlatforms('all')).toEqual([hostPlatform()]);
  expect(buildPlatforms(platforms)).toBe(platforms);
});

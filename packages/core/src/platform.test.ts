import { expect, it } from 'vitest';
import { PlatformInvalidError } from './errors.ts';
import { formatPlatform, hostPlatform, parsePlatform, platformMatches } from './platform.ts';

it.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['amd64', 'linux/amd64'],
  ['Linux/AArch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['armhf', 'linux/arm/v7'],
  ['linux/386', 'linux/386'],
  ['windows/amd64', 'windows/amd64'],
])('parsePlatform(%j) is %s', (text, expected) => {
  expect(formatPlatform(parsePlatform(text))).toBe(expected);
});

it('parsePlatform() takes a system alone for this machine', () => {
  expect(parsePlatform('linux')).toEqual({ ...hostPlatform(), os: 'linux' });
});

it.each(['', 'linux/', '/amd64', 'a/b/c/d', 'linux/amd 64', 'linux/../x'])('parsePlatform() refuses %j', (text) => {
  expect(() => parsePlatform(text)).toThrow(PlatformInvalidError);
});

it('platformMatches() compares what is meant, not how it is written', () => {
  const linux = (architecture: string, variant?: string) => ({ os: 'linux', architecture, variant });
  expect(platformMatches(linux('arm64', 'v8'), linux('arm64'))).toBe(true);
  expect(platformMatches(linux('arm'), linux('arm', 'v7'))).toBe(true);
  expect(platformMatches(linux('arm', 'v6'), linux('arm', 'v7'))).toBe(false);
  expect(platformMatches(linux('amd64'), linux('arm64'))).toBe(false);
  expect(platformMatches({ os: 'windows', architecture: 'amd64' }, linux('amd64'))).toBe(false);
});

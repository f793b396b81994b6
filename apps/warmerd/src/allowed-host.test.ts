import { expect, it } from 'vitest';
import { isAllowedHost } from './allowed-host.ts';

it.each([
  '127.0.0.1:8080',
  '10.0.0.7',
  '[::1]:8080',
  'localhost:8080',
  'bases-shale-warmer:8080',
  'warmer.builds.svc',
  'warmer.builds.svc.cluster.local:8080',
  'nas.local',
  'Warmer.Example.com',
])('isAllowedHost() is true for %s, which no stranger can own', (host) => {
  expect(isAllowedHost(host, ['warmer.example.COM'])).toBe(true);
});

it.each([
  undefined,
  '',
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'svc.cluster.local.evil.example.',
  'evil.example.',
  'other.warmer.example.com',
  'warmer.example.com@evil.example',
])('isAllowedHost() is false for %s', (host) => {
  expect(isAllowedHost(host, ['warmer.example.com'])).toBe(false);
});

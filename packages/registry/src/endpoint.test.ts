import { expect, it } from 'vitest';
import { mirrorEndpoint, registryEndpoint } from './endpoint.ts';

const schemes = (endpoint: { schemes: readonly { protocol: string; verify: boolean }[] }) =>
  endpoint.schemes.map(({ protocol, verify }) => `${protocol}${verify ? 'verified' : ''}`);

it('registryEndpoint() speaks plain http to loopback hosts alone', () => {
  expect(schemes(registryEndpoint('127.0.0.1:5000'))).toEqual(['http:', 'https:verified']);
  expect(schemes(registryEndpoint('r.example'))).toEqual(['https:verified']);
  expect(schemes(registryEndpoint('localhost.evil.com'))).toEqual(['https:verified']);
  expect(schemes(registryEndpoint('10.0.0.1:5000'))).toEqual(['https:verified']);
});

it('registryEndpoint() lowers its guard for insecure hosts alone', () => {
  expect(schemes(registryEndpoint('r.example', ['r.example']))).toEqual(['https:', 'http:']);
  expect(schemes(registryEndpoint('s.example', ['r.example']))).toEqual(['https:verified']);
  expect(schemes(registryEndpoint('s.example', true))).toEqual(['https:', 'http:']);
});

it('registryEndpoint() knows where Docker Hub lives', () => {
  expect(registryEndpoint('docker.io')).toMatchObject({ registry: 'docker.io', authority: 'registry-1.docker.io' });
});

it('mirrorEndpoint() reads host, path and scheme', () => {
  const namespace = 'docker.io';
  expect(mirrorEndpoint('mirror.example', namespace)).toMatchObject({
    authority: 'mirror.example',
    repositoryPrefix: '',
  });
  expect(mirrorEndpoint('https://mirror.example:5000/a/b/', namespace)).toMatchObject({
    registry: 'mirror.example:5000',
    repositoryPrefix: 'a/b/',
    namespace,
  });
  expect(schemes(mirrorEndpoint('http://mirror.example', namespace))).toEqual(['http:']);
});

it.each(['', 'ftp://x.example', 'mirror', 'https://user@mirror.example', 'mirror.example/UP', 'mirror.example/../x'])(
  'mirrorEndpoint() refuses %j',
  (text) => {
    expect(() => mirrorEndpoint(text, 'docker.io')).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  },
);

import { expect, it } from 'vitest';
import { parseDescriptor } from './descriptor.ts';
import { sha256 } from './digest.ts';
import { DigestInvalidError, ManifestInvalidError } from './errors.ts';

const digest = sha256('x');
const plain = { mediaType: 'a/b', digest, size: 1 };

it('parseDescriptor() keeps what it knows, and leaves out what is absent', () => {
  expect(parseDescriptor({ ...plain, urls: null, unknown: 1 }, 'config')).toEqual(plain);
  const full = {
    ...plain,
    urls: ['https://host.example/x'],
    annotations: { a: 'b' },
    artifactType: 'c/d',
    platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '10' },
  };
  expect(parseDescriptor(full, 'config')).toEqual(full);
});

it.each([
  ['size', -1, 'layers[0].size'],
  ['size', 1.5, 'layers[0].size'],
  ['size', '1', 'layers[0].size'],
  ['size', 2 ** 60, 'layers[0].size'],
  ['mediaType', undefined, 'layers[0].mediaType'],
  ['digest', 7, 'layers[0].digest'],
  ['annotations', { a: 1 }, 'layers[0].annotations.a'],
  ['urls', [1], 'layers[0].urls[0]'],
  ['platform', [], 'layers[0].platform'],
])('parseDescriptor() names the field when %s is %j', (key, value, path) => {
  const parse = () => parseDescriptor({ ...plain, [key]: value }, 'layers[0]');
  expect(parse).toThrow(ManifestInvalidError);
  expect(parse).toThrow(path);
});

it('parseDescriptor() refuses what only looks like a digest', () => {
  expect(() => parseDescriptor({ ...plain, digest: 'sha256:../../x' }, 'config')).toThrow(DigestInvalidError);
});

import { expect, it } from 'vitest';
import { DigestMeter, digestAlgorithm, digestHex, isDigest, parseDigest, sha256 } from './digest.ts';
import { DigestInvalidError } from './errors.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const HEX = 'a'.repeat(64);

it('parseDigest() takes sha256 and sha512', () => {
  expect(parseDigest(EMPTY)).toBe(EMPTY);
  expect(parseDigest(`sha512:${HEX}${HEX}`)).toBe(`sha512:${HEX}${HEX}`);
});

it.each([
  'sha256:../../x',
  `md5:${HEX}`,
  `sha256:${HEX.toUpperCase()}`,
  `sha256:${HEX.slice(1)}`,
  `sha256:${HEX}a`,
  `sha512:${HEX}`,
  `sha256:${HEX}\n`,
  ` sha256:${HEX}`,
  HEX,
  '',
])('parseDigest() refuses %j (CVE-2024-3727)', (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(DigestInvalidError);
});

it('parseDigest() does not repeat all of what it was given', () => {
  expect(() => parseDigest('x'.repeat(100_000))).toThrow(/^.{1,300}$/);
});

it('sha256() and DigestMeter agree', () => {
  expect(sha256('')).toBe(EMPTY);
  const meter = new DigestMeter();
  meter.update(Buffer.from('sh'));
  meter.update(Buffer.from('ale'));
  expect(meter.size).toBe(5);
  expect(meter.digest()).toBe(sha256('shale'));
  const long = new DigestMeter('sha512');
  expect(digestAlgorithm(long.digest())).toBe('sha512');
});

it('digestHex() and digestAlgorithm() take a digest apart', () => {
  const digest = parseDigest(EMPTY);
  expect(`${digestAlgorithm(digest)}:${digestHex(digest)}`).toBe(EMPTY);
});

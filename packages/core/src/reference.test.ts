import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from './digest.ts';
import { ReferenceInvalidError } from './errors.ts';
import { formatReference, parseReference, referenceTarget } from './reference.ts';

const digest = sha256('x');

it.each([
  ['debian', 'docker.io/library/debian:latest'],
  ['user/app:v1', 'docker.io/user/app:v1'],
  ['docker.io/debian', 'docker.io/library/debian:latest'],
  ['index.docker.io/a/b', 'docker.io/a/b:latest'],
  ['ghcr.io/a/b/c', 'ghcr.io/a/b/c:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['127.0.0.1:5000/app:v1', '127.0.0.1:5000/app:v1'],
  ['[::1]:5000/app', '[::1]:5000/app:latest'],
  ['Host/app', 'Host/app:latest'],
  [`debian@${digest}`, `docker.io/library/debian@${digest}`],
  [`debian:12@${digest}`, `docker.io/library/debian:12@${digest}`],
  ['a/b__c--d.e_f', 'docker.io/a/b__c--d.e_f:latest'],
])('parseReference(%j) is %s', (text, expected) => {
  expect(formatReference(parseReference(text))).toBe(expected);
});

it.each([
  '',
  ':tag',
  'debian:',
  'debian:.tag',
  `debian:${'t'.repeat(129)}`,
  'Debian',
  '../../a:b',
  'a%2f..',
  'a//b',
  'a/',
  '/a',
  'a..b',
  'a\n',
  'a\0b',
  'user@evil.example/x',
  'https://host.example/x',
  'host.example:port/x',
  'debian@sha256:abc',
  `debian@${digest}@${digest}`,
  `a/${'b'.repeat(300)}`,
  'x'.repeat(10_000),
])('parseReference() refuses %j', (text) => {
  expect(() => parseReference(text)).toThrow(ReferenceInvalidError);
  expect(() => parseReference(text)).toThrow(/^.{1,400}$/);
});

it('only the real loopback names are loopback hosts', () => {
  expect(parseReference('localhost.evil.example/x').registry).toBe('localhost.evil.example');
  expect(parseReference('127.0.0.1.evil.example/x').registry).toBe('127.0.0.1.evil.example');
});

it('parseReference() reads back what formatReference() wrote', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,10}([._-][a-z0-9]{1,5})?$/);
  const reference = fc.record({
    registry: fc.constantFrom('docker.io', 'ghcr.io', 'localhost:5000', '[::1]:5000'),
    repository: fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: undefined }),
    digest: fc.option(fc.constant(digest), { nil: undefined }),
  });
  fc.assert(
    fc.property(reference, (value) => {
      const complete = value.tag === undefined && value.digest === undefined ? { ...value, tag: 'latest' } : value;
      expect(parseReference(formatReference(complete))).toEqual(complete);
    }),
  );
});

it('referenceTarget() prefers the digest', () => {
  expect(referenceTarget(parseReference('debian:12'))).toBe('12');
  expect(referenceTarget(parseReference(`debian:12@${digest}`))).toBe(digest);
});

import { expect, it } from 'vitest';
import { chooseChallenge, parseChallenges } from './challenge.ts';

it.each([
  [
    'Bearer realm="https://auth.example/token",service="registry",scope="repository:a:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://auth.example/token', service: 'registry', scope: 'repository:a:pull,push' },
      },
    ],
  ],
  ['BASIC realm=x', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
  [
    'Negotiate, Basic realm="a, b", bearer Realm = "c"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'a, b' } },
      { scheme: 'bearer', parameters: { realm: 'c' } },
    ],
  ],
  [String.raw`Bearer realm="a \"b\" \\"`, [{ scheme: 'bearer', parameters: { realm: String.raw`a "b" \ `.trim() } }]],
  ['Bearer realm="unfinished', [{ scheme: 'bearer', parameters: { realm: 'unfinished' } }]],
  ['Bearer realm="first", realm="second"', [{ scheme: 'bearer', parameters: { realm: 'first' } }]],
  ['Bearer __proto__="x", realm="r"', [{ scheme: 'bearer', parameters: { ['__proto__']: 'x', realm: 'r' } }]],
  ['"", =, ;', []],
  ['', []],
])('parseChallenges() reads %s', (header, expected) => {
  const plain = parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.entries(parameters)]);
  expect(plain).toEqual(expected.map(({ scheme, parameters }) => [scheme, Object.entries(parameters)]));
});

it('parseChallenges() reads a megabyte of anything in linear time', () => {
  for (const piece of ['a', '"', '\\', ',', 'a=', 'a="', ' ', 'Bearer ']) {
    const header = piece.repeat(1024 * 1024);
    expect(parseChallenges(header.slice(0, 1024 * 1024)).length).toBeLessThanOrEqual(16);
  }
});

it('chooseChallenge() prefers Bearer, and leaves out what it cannot use', () => {
  expect(chooseChallenge(parseChallenges(['Basic realm="b"', 'Bearer realm="t"']))?.scheme).toBe('bearer');
  expect(chooseChallenge(parseChallenges('Bearer service="no realm", Basic realm="b"'))?.scheme).toBe('basic');
  expect(chooseChallenge(parseChallenges('Digest realm="d"'))).toBeUndefined();
});

import { expect, it } from 'vitest';
import { judgeRealm } from './realm.ts';

it.each([
  ['https://r.example/token', 'https://r.example', true],
  ['/token', 'https://r.example', true],
  ['https://r.example:8443/token', 'https://r.example', false],
  ['https://r.example:5000/token', 'https://r.example:5000', true],
  ['https://r.example/token', 'https://r.example:5000', true],
  ['https://auth.r.example:8443/token', 'https://r.example', false],
  ['https://auth.docker.io/token', 'https://registry-1.docker.io', true],
  ['https://gitlab.example.com/jwt/auth', 'https://registry.gitlab.example.com', true],
  ['https://auth.r.example/token', 'https://r.example', true],
  ['http://127.0.0.1:1/token', 'http://127.0.0.1:2', false],
  ['https://evil.example/token', 'https://r.example', false],
  ['https://evilr.example/token', 'https://r.example', false],
  ['https://evil.azurecr.io/token', 'https://mine.azurecr.io', false],
  ['https://com/token', 'https://r.com', false],
])('judgeRealm() of %s for %s: trusted is %s', (realm, registry, trusted) => {
  expect(judgeRealm(realm, new URL(registry)).trusted).toBe(trusted);
});

it('judgeRealm() trusts a host that is allowed', () => {
  const registry = new URL('https://r.example');
  expect(judgeRealm('https://sso.other/token', registry, ['sso.other']).trusted).toBe(true);
  expect(judgeRealm('https://sso.other:444/token', registry, ['sso.other:444']).trusted).toBe(true);
  expect(judgeRealm('https://sso.other:444/token', registry, ['sso.other']).trusted).toBe(false);
});

it.each([
  ['http://r.example/token', /not encrypted/],
  ['file:///etc/passwd', /not a web address/],
  ['https://user:pw@r.example/token', /password of its own/],
  ['https://', /not a URL/],
])('judgeRealm() refuses %s', (realm, message) => {
  const judge = () => judgeRealm(realm, new URL('https://r.example'));
  expect(judge).toThrow(message);
  expect(judge).toThrow(expect.objectContaining({ code: 'AUTH_REALM_REFUSED' }));
  expect(judge).not.toThrow(/pw/);
});

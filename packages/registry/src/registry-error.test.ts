import { expect, it } from 'vitest';
import { parseReplies, printable, RegistryRefusedError } from './registry-error.ts';

it("parseReplies() reads the specification's errors", () => {
  const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'no such\nrepository', detail: {} }, null] });
  expect(parseReplies(body)).toEqual([{ code: 'NAME_UNKNOWN', message: 'no such repository' }]);
});

it('parseReplies() reads JSON of another shape, and text and HTML', () => {
  expect(parseReplies('{"details": "incorrect username or password"}')).toEqual([
    { code: '', message: 'incorrect username or password' },
  ]);
  expect(parseReplies('<html><h1>502 Bad Gateway</h1></html>')).toEqual([{ code: '', message: '502 Bad Gateway' }]);
  expect(parseReplies('')).toEqual([]);
  expect(parseReplies('null')).toEqual([]);
  expect(parseReplies('{"errors": [1, "x", {"code": {}}]}')).toEqual([]);
});

it('printable() leaves nothing that a terminal would obey', () => {
  expect(printable('\u001b]0;title\u0007 a\u202eb')).toBe('\u{fffd}]0;title\u{fffd} a\u{fffd}b');
  expect(printable('x'.repeat(10_000)).length).toBeLessThan(500);
});

it('RegistryRefusedError says what was asked, the answer and the tries', () => {
  const error = new RegistryRefusedError({
    method: 'GET',
    url: 'https://r.example/v2/a/manifests/b',
    status: 401,
    statusText: 'Unauthorized',
    replies: [{ code: 'UNAUTHORIZED', message: 'authentication required' }],
    tries: 3,
  });
  expect(error.message).toBe(
    'GET https://r.example/v2/a/manifests/b: 401 Unauthorized: UNAUTHORIZED: authentication required (3 tries)',
  );
});

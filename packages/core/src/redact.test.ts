import { expect, it } from 'vitest';
import { redactUrl, redactUrls } from './redact.ts';

it.each([
  ['https://user:pass@host.example/x', 'https://host.example/x'],
  ['https://u:p@ss@host.example:5000/a@b', 'https://host.example:5000/a@b'],
  ['https://host.example/x?Signature=abc&Expires=5', 'https://host.example/x?Signature=***&Expires=5'],
  [
    'https://h.example/?X-Amz-Security-Token=a%2Fb&X-Amz-Credential=c#f',
    'https://h.example/?X-Amz-Security-Token=***&X-Amz-Credential=***#f',
  ],
  ['https://h.example/?a=1&password=p%20q', 'https://h.example/?a=1&password=***'],
  ['git@host.example:repo', 'git@host.example:repo'],
  ['plain words', 'plain words'],
  ['', ''],
])('redactUrl(%j) is %j', (url, expected) => {
  expect(redactUrl(url)).toBe(expected);
});

it('redactUrl() takes a URL', () => {
  expect(redactUrl(new URL('https://u:p@host.example/?token=t'))).toBe('https://host.example/?token=***');
});

it('redactUrls() leaves the rest of a text as it is', () => {
  expect(redactUrls('ADD https://u:p@h/a.git#v1 http://h/f?token=t ssh://git@h/b /x')).toBe(
    'ADD https://h/a.git#v1 http://h/f?token=*** ssh://git@h/b /x',
  );
});

it('redactUrl() redacts addresses within addresses, and values to their end', () => {
  expect(redactUrl('https://h/?to=https://x/?token=a?b&c=1')).toBe('https://h/?to=https://x/?token=***&c=1');
});

it('redactUrl() is done with a hostile text at once', () => {
  const text = `https://h/${'?token&key'.repeat(50_000)}`;
  expect(redactUrl(text)).toBe(text);
});

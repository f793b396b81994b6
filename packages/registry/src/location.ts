import { redactUrl } from '@shale/core';
import { printable, RegistryRefusedError } from './registry-error.ts';
import type { TransportResponse } from './transport.ts';

/**
 * Resolves the `Location` of an answer, absolute or relative, with its query.
 * @throws {RegistryRefusedError} when there is none, or it leaves https.
 */
export function locationOf(response: TransportResponse): URL {
  const { status, statusText, url } = response;
  const fail = (why: string, hint?: string) =>
    new RegistryRefusedError(
      { method: 'GET', url: redactUrl(url), status, statusText, tries: 1, replies: [{ code: '', message: why }] },
      { hint },
    );
  const text = response.header('location');
  if (text === undefined) throw fail('the answer has no Location');
  const location = URL.parse(text, url);
  if (location === null || (location.protocol !== 'https:' && location.protocol !== 'http:')) {
    throw fail(`its Location is not a web address: ${printable(redactUrl(text))}`);
  }
  if (url.protocol === 'https:' && location.protocol === 'http:') {
    throw fail(
      `its Location leaves https: ${printable(redactUrl(location))}`,
      'The registry is behind a proxy that ends TLS: it needs X-Forwarded-Proto, or relative Locations.',
    );
  }
  location.username = '';
  location.password = '';
  location.hash = '';
  return location;
}

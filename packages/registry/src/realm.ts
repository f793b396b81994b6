import { redactUrl } from '@shale/core';
import { AuthRealmRefusedError, printable } from './registry-error.ts';

export interface Realm {
  readonly url: URL;
  /** Whether the registry's credentials may be shown there. */
  readonly trusted: boolean;
}

/** Registries whose realm is known to live on a host of another name. */
const KNOWN_REALMS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
  'registry.redhat.io': ['sso.redhat.com'],
};

/**
 * Judges where a registry sends its clients for a token. A realm on another host is asked, but sees no credentials unless
 * that pair of hosts is known, allowed, or one lies in the domain of the other.
 * @param allowed Further hosts that may see the credentials.
 * @throws {AuthRealmRefusedError} for a realm without TLS behind a registry with it.
 */
export function judgeRealm(realm: string, registry: URL, allowed: readonly string[] = []): Realm {
  const refuse = (why: string) =>
    new AuthRealmRefusedError(`${registry.host} asks for a token from ${printable(redactUrl(realm))}, ${why}`, {
      hint: 'Nothing was sent there. Ask the operator of the registry to correct its realm.',
    });
  const url = URL.parse(realm, registry);
  if (url === null) throw refuse('which is no URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('which is not a web address');
  if (url.protocol === 'http:' && registry.protocol === 'https:') throw refuse('which is not encrypted');
  if (url.username !== '' || url.password !== '') throw refuse('which holds a password of its own');
  url.hash = '';
  const known = [...(KNOWN_REALMS[registry.hostname] ?? []), ...allowed];
  const related =
    known.includes(url.hostname) || known.includes(url.host) || sharesDomain(url.hostname, registry.hostname);
  return { url, trusted: related };
}

/** Equal, or one below the other: `gitlab.example.com` and `registry.gitlab.example.com`. Sisters are strangers. */
function sharesDomain(a: string, b: string): boolean {
  const isBelow = (child: string, parent: string) => parent.includes('.') && child.endsWith(`.${parent}`);
  return a === b || isBelow(a, b) || isBelow(b, a);
}

import { redactUrl } from '@shale/core';
import type { Credentials } from './keychain.ts';
import { AuthRealmRefusedError, printable } from './registry-error.ts';

export interface Realm {
  readonly url: URL;
  /** Whether the realm may get the credentials of the registry. */
  readonly trusted: boolean;
}

/** Registries whose realm is known to be on another host. */
const KNOWN_REALMS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
  'registry.redhat.io': ['sso.redhat.com'],
};

/**
 * Checks the realm that a registry sends its clients to for a token. A realm elsewhere is asked without credentials,
 * unless it is known or allowed, or on the host of the registry, or one host is in the domain of the other. Its port must
 * then be that of the registry, or the default one: any user of a machine may listen on others.
 * @param allowed Further places that may get the credentials, as `host` or `host:port`.
 * @throws {AuthRealmRefusedError} for a realm without TLS behind a registry with it.
 */
export function judgeRealm(realm: string, registry: URL, allowed: readonly string[] = []): Realm {
  const refuse = (why: string) =>
    new AuthRealmRefusedError(`${registry.host} asks for a token from ${printable(redactUrl(realm))}, ${why}`, {
      hint: 'Nothing was sent there. Ask the operator of the registry to correct its realm.',
    });
  const url = URL.parse(realm, registry);
  if (url === null) throw refuse('which is not a URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('which is not a web address');
  if (url.protocol === 'http:' && registry.protocol === 'https:') throw refuse('which is not encrypted');
  if (url.username !== '' || url.password !== '') throw refuse('which holds a password of its own');
  url.hash = '';
  const known = [...(KNOWN_REALMS[registry.hostname] ?? []), ...allowed];
  const isRelated = (url.port === '' || url.port === registry.port) && sharesDomain(url.hostname, registry.hostname);
  return { url, trusted: isRelated || known.includes(url.host) };
}

/** What to do when credentials were not sent to a realm. */
export function withheldHint({ origin }: Credentials, realm: URL): string {
  const where = `${realm.host} is another host or port than the registry's`;
  return `The credentials from ${origin} were not sent: ${where}. If its tokens come from there, allow that place to get them.`;
}

/** Whether hosts are equal, or one is below the other, as `registry.gitlab.example.com` below `gitlab.example.com`. */
function sharesDomain(a: string, b: string): boolean {
  const isBelow = (child: string, parent: string) => parent.includes('.') && child.endsWith(`.${parent}`);
  return a === b || isBelow(a, b) || isBelow(b, a);
}

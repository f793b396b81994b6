import { DEFAULT_REGISTRY, parseReference, ReferenceInvalidError } from '@shale/core';
import { isLoopbackHost } from './address.ts';

/** How to connect to a host. */
export interface Scheme {
  readonly protocol: 'http:' | 'https:';
  /** Whether the certificate is checked. */
  readonly verify: boolean;
}

/** A place that serves repositories: a registry itself, or a mirror of one. */
export interface Endpoint {
  /** The name under which credentials are found: `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** Host and optional port to connect to: `registry-1.docker.io`. */
  readonly authority: string;
  /** Stands before each repository: empty, or `cache/` for a mirror below a path. */
  readonly repositoryPrefix: string;
  /** For a mirror: the registry it stands for, sent as `ns`. */
  readonly namespace: string | undefined;
  /** Tried in this order. */
  readonly schemes: readonly Scheme[];
}

const DOCKER_HUB_AUTHORITY = 'registry-1.docker.io';
const HTTPS: Scheme = { protocol: 'https:', verify: true };
const HTTPS_UNVERIFIED: Scheme = { protocol: 'https:', verify: false };
const HTTP: Scheme = { protocol: 'http:', verify: false };

/** `true` for every host. */
export type InsecureHosts = readonly string[] | boolean;

export function registryEndpoint(registry: string, insecure: InsecureHosts = false): Endpoint {
  return {
    registry,
    authority: registry === DEFAULT_REGISTRY ? DOCKER_HUB_AUTHORITY : registry,
    repositoryPrefix: '',
    namespace: undefined,
    schemes: schemesOf(registry, insecure),
  };
}

/**
 * Reads `[https://]host[:port][/path]`, or `http://…` for a mirror without TLS.
 * @throws {ReferenceInvalidError}
 */
export function mirrorEndpoint(text: string, namespace: string, insecure: InsecureHosts = false): Endpoint {
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*?)\/*$/.exec(text) ?? [];
  const [registry = '', ...path] = rest.split('/');
  const named = parseReference(`${registry}/${[...path, 'x'].join('/')}`);
  if (named.registry !== registry) {
    throw new ReferenceInvalidError(`Not a mirror: ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'Write [https://]host[:port][/path].',
    });
  }
  return {
    ...registryEndpoint(registry, insecure),
    repositoryPrefix: path.map((part) => `${part}/`).join(''),
    namespace,
    schemes: scheme === 'http' ? [HTTP] : schemesOf(registry, insecure),
  };
}

function schemesOf(registry: string, insecure: InsecureHosts): readonly Scheme[] {
  if (insecure === true || (Array.isArray(insecure) && insecure.includes(registry))) {
    return isLoopbackHost(registry) ? [HTTP, HTTPS_UNVERIFIED] : [HTTPS_UNVERIFIED, HTTP];
  }
  return isLoopbackHost(registry) ? [HTTP, HTTPS] : [HTTPS];
}

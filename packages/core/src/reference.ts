import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { ReferenceInvalidError } from './errors.ts';

/**
 * The parsed name of an image, always absolute: `debian` is `docker.io/library/debian:latest`.
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export interface Reference {
  /** Host and optional port, as in `docker.io` or `127.0.0.1:5000`. */
  readonly registry: string;
  /** As in `library/debian`. */
  readonly repository: string;
  /** `undefined` only when there is a digest. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

export const DEFAULT_REGISTRY = 'docker.io';
const MAX_LENGTH = 1024;
const MAX_REPOSITORY = 255;

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Reads `[registry/]repository[:tag][@digest]`. Without tag and digest the tag is `latest`.
 * @throws {ReferenceInvalidError}
 * @example parseReference('127.0.0.1:5000/app:v1').repository // 'app'
 */
export function parseReference(text: string): Reference {
  const fail = (why: string) =>
    new ReferenceInvalidError(`Not an image reference: ${JSON.stringify(text.slice(0, 200))}: ${why}`, {
      hint: 'Write [registry/]repository[:tag][@sha256:digest], repository in lower case.',
    });
  if (text.length > MAX_LENGTH) throw fail(`longer than ${MAX_LENGTH} characters`);
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw fail('more than one "@"');
  if (digest !== undefined && !isDigest(digest)) throw fail('the digest is malformed');
  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw fail('the tag is malformed');
  const { registry, repository } = splitName(hasTag ? beforeDigest.slice(0, colon) : beforeDigest);
  if (!HOST.test(registry)) throw fail('the registry host is malformed');
  if (repository.length > MAX_REPOSITORY || !repository.split('/').every((part) => COMPONENT.test(part))) {
    throw fail('the repository is malformed');
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:\]]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = isHost ? (first === 'index.docker.io' ? DEFAULT_REGISTRY : first) : DEFAULT_REGISTRY;
  const repository = isHost ? name.slice(slash + 1) : name;
  const official = registry === DEFAULT_REGISTRY && !repository.includes('/');
  return { registry, repository: official ? `library/${repository}` : repository };
}

/** The absolute form; `parseReference` reads it back to an equal value. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The name of the manifest in its repository: the digest when there is one, else the tag. */
export function referenceTarget({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

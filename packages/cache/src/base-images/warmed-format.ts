import { join } from 'node:path';
import type { Digest, Platform, Reference } from '@shale/core';
import { digestHex, formatPlatform, formatReference, parseDigest, sha256, StoreInvalidError } from '@shale/core';
import { asObject, asOptional, asString, parseJson } from '@shale/core/json';

/** What a reference stood for on one platform when a warmer last asked a registry. */
export interface WarmedPointer {
  /** The full name, for example `docker.io/library/debian:12`. */
  readonly reference: string;
  readonly platform: Platform;
  /** The digest of the reference in the registry: of a manifest, or of an index that has it. */
  readonly target: Digest;
  /** The digest of the manifest for `platform`, which is the name of the entry. */
  readonly digest: Digest;
}

/** The paths in a directory of base images. */
export interface WarmedPaths {
  /** An image for one platform: a tar as `docker save` writes it, or an OCI image layout. */
  entry(digest: Digest): string;
  /** The manifest beside a tar, as the registry served it. */
  manifest(digest: Digest): string;
  /** An index, as the registry served it. */
  index(digest: Digest): string;
  /** A `WarmedPointer`. The time of the file is when a registry last confirmed it. */
  pointer(reference: Reference, platform: Platform): string;
}

/**
 * kaniko's format of a base image cache, and what shale adds to it:
 *
 * ```text
 * sha256:<hex>, sha256:<hex>.json          kaniko, envbuilder
 * sha256:<hex>/                            kaniko's later forks: an OCI image layout
 * .shale/v1/indexes/<hex>                  so that references to the digest of an index are found
 * .shale/v1/tags/<hash>/<os-arch>.json     so that tags are found without a registry
 * ```
 */
export function warmedPaths(directory: string): WarmedPaths {
  const own = join(directory, '.shale', 'v1');
  return {
    entry: (digest) => join(directory, digest),
    manifest: (digest) => join(directory, `${digest}.json`),
    index: (digest) => join(own, 'indexes', digestHex(digest)),
    pointer: (reference, platform) => {
      const name = formatPlatform(platform).replaceAll('/', '-');
      return join(own, 'tags', digestHex(sha256(formatReference(reference))), `${name}.json`);
    },
  };
}

/** The size limit of a pointer's file. */
export const MAX_POINTER_BYTES: number = 64 * 1024;

const VERSION = 1;

export function formatWarmedPointer(pointer: WarmedPointer): string {
  return `${JSON.stringify({ version: VERSION, ...pointer })}\n`;
}

/** @throws {StoreInvalidError} @throws {DigestInvalidError} */
export function parseWarmedPointer(text: string): WarmedPointer {
  const fail = (message: string) => new StoreInvalidError(`The pointer to a warmed image: ${message}`);
  const document = asObject(parseJson(text, 'the file', fail), 'the file', fail);
  if (document['version'] !== VERSION) throw fail(`its version is not ${VERSION}`);
  const platform = asObject(document['platform'], 'platform', fail);
  const variant = asOptional(platform['variant'], (value) => asString(value, 'platform.variant', fail));
  return {
    reference: asString(document['reference'], 'reference', fail),
    platform: {
      os: asString(platform['os'], 'platform.os', fail),
      architecture: asString(platform['architecture'], 'platform.architecture', fail),
      ...(variant !== undefined && { variant }),
    },
    target: parseDigest(asString(document['target'], 'target', fail)),
    digest: parseDigest(asString(document['digest'], 'digest', fail)),
  };
}

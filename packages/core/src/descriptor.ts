import type { Digest } from './digest.ts';
import { parseDigest } from './digest.ts';
import { ManifestInvalidError } from './errors.ts';
import type { JsonObject } from './json.ts';
import { asObject, asOptional, asSize, asString, asStringArray, asStringMap } from './json.ts';
import type { Platform } from './platform.ts';

/**
 * Names content by type, digest and size in bytes.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: Platform | undefined;
  readonly artifactType?: string | undefined;
}

/** @throws {ManifestInvalidError} naming the field. */
export function parseDescriptor(value: unknown, path: string): Descriptor {
  const fail = (message: string) => new ManifestInvalidError(message);
  const object = asObject(value, path, fail);
  const platform = asOptional(object['platform'], (inner) =>
    parsePlatformObject(asObject(inner, `${path}.platform`, fail), path),
  );
  const urls = asOptional(object['urls'], (inner) => asStringArray(inner, `${path}.urls`, fail));
  const annotations = asOptional(object['annotations'], (inner) => asStringMap(inner, `${path}.annotations`, fail));
  const artifactType = asOptional(object['artifactType'], (inner) => asString(inner, `${path}.artifactType`, fail));
  return {
    mediaType: asString(object['mediaType'], `${path}.mediaType`, fail),
    digest: parseDigest(asString(object['digest'], `${path}.digest`, fail)),
    size: asSize(object['size'], `${path}.size`, fail),
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(platform && { platform }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

function parsePlatformObject(object: JsonObject, path: string): Platform {
  const fail = (message: string) => new ManifestInvalidError(message);
  const text = (key: string) => asOptional(object[key], (inner) => asString(inner, `${path}.platform.${key}`, fail));
  const variant = text('variant');
  const osVersion = text('os.version');
  return {
    os: text('os') ?? '',
    architecture: text('architecture') ?? '',
    ...(variant && { variant }),
    ...(osVersion && { 'os.version': osVersion }),
  };
}

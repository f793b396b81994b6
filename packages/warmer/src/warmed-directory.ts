import { readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asObject,
  asString,
  type Digest,
  digestHex,
  formatPlatform,
  formatReference,
  isDigest,
  isIndex,
  isManifestType,
  type Manifest,
  MediaType,
  parseJson,
  parseDigest,
  parseManifest,
  type Platform,
  type RawManifest,
  type Reference,
  sha256,
  StoreInvalidError,
  undefinedIfMissing,
} from '@shale/core';
import { publishFile } from './partial-file.ts';

/**
 * Base images as files, which kaniko and envbuilder read as well:
 *
 * ```text
 * sha256:<hex>                               one platform's image, a tar as of `docker save`
 * sha256:<hex>.json                          its manifest, as the registry served it
 * .shale/v1/indexes/<hex>                    an index, as the registry served it
 * .shale/v1/tags/<hash>/<os-arch>.json       what a reference means for a platform: a `WarmedPointer`
 * .shale/v1/{leases,partial}/                of running warmers
 * ```
 *
 * The times of a tar and of a pointer say when a registry last confirmed them. What is visible is whole and verified.
 */
export class WarmedDirectory {
  readonly path: string;
  readonly leases: string;
  readonly partial: string;
  readonly #tags: string;
  readonly #indexes: string;

  constructor(path: string) {
    const own = join(path, '.shale', 'v1');
    this.path = path;
    this.leases = join(own, 'leases');
    this.partial = join(own, 'partial');
    this.#tags = join(own, 'tags');
    this.#indexes = join(own, 'indexes');
  }

  archivePath(digest: Digest): string {
    return join(this.path, digest);
  }

  manifestPath(digest: Digest): string {
    return join(this.path, `${digest}.json`);
  }

  indexPath(digest: Digest): string {
    return join(this.#indexes, digestHex(digest));
  }

  pointerPath(reference: Reference, platform: Platform): string {
    const name = formatPlatform(platform).replaceAll('/', '-');
    return join(this.#tags, digestHex(sha256(formatReference(reference))), `${name}.json`);
  }

  /** `undefined` unless both files are there. */
  async entry(digest: Digest): Promise<WarmedEntry | undefined> {
    const [archive, raw] = await Promise.all([
      stat(this.archivePath(digest)).catch(undefinedIfMissing),
      this.manifest(digest),
    ]);
    if (archive?.isFile() !== true || raw === undefined) return undefined;
    const manifest = parseManifest(raw);
    if (isIndex(manifest)) return undefined;
    return { digest, manifest, raw, sizeBytes: archive.size, confirmedMs: archive.mtimeMs };
  }

  /** Every whole image; one whose manifest cannot be read is passed over. */
  async entries(): Promise<readonly WarmedEntry[]> {
    const names = (await readdir(this.path).catch(undefinedIfMissing)) ?? [];
    const found = await Promise.all(names.filter(isDigest).map((digest) => this.entry(digest).catch(() => undefined)));
    return found.filter((entry) => entry !== undefined);
  }

  async manifest(digest: Digest): Promise<RawManifest | undefined> {
    return readDocument(this.manifestPath(digest), digest, MediaType.ociManifest);
  }

  async index(digest: Digest): Promise<RawManifest | undefined> {
    return readDocument(this.indexPath(digest), digest, MediaType.ociIndex);
  }

  async writeIndex(index: RawManifest): Promise<void> {
    await publishFile(this.partial, this.indexPath(index.digest), index.bytes);
  }

  async pointer(reference: Reference, platform: Platform): Promise<WarmedPointer | undefined> {
    return readPointer(this.pointerPath(reference, platform));
  }

  async writePointer(reference: Reference, pointer: Omit<WarmedPointer, 'reference'>): Promise<void> {
    const document = { version: 1, reference: formatReference(reference), ...pointer };
    const path = this.pointerPath(reference, pointer.platform);
    await publishFile(this.partial, path, `${JSON.stringify(document)}\n`);
  }

  /** With the file of each and the time, in milliseconds since the epoch, when a registry last confirmed it. */
  async pointers(): Promise<readonly (WarmedPointer & { readonly path: string; readonly confirmedMs: number })[]> {
    const files = (await readdir(this.#tags, { recursive: true }).catch(undefinedIfMissing)) ?? [];
    const read = async (file: string) => {
      const path = join(this.#tags, file);
      const [pointer, found] = await Promise.all([
        readPointer(path).catch(() => undefined),
        stat(path).catch(undefinedIfMissing),
      ]);
      return pointer && found && { ...pointer, path, confirmedMs: found.mtimeMs };
    };
    const found = await Promise.all(files.filter((file) => file.endsWith('.json')).map(read));
    return found.filter((pointer) => pointer !== undefined);
  }

  /** A registry said again that this is what the reference means. */
  async confirm(pointer: string, digest: Digest): Promise<void> {
    await Promise.all([touch(pointer), this.touch(digest)]);
  }

  async touch(digest: Digest): Promise<void> {
    await touch(this.archivePath(digest));
  }

  /** The archive goes first: without it there is no entry. */
  async remove(digest: Digest): Promise<void> {
    await rm(this.archivePath(digest), { force: true, recursive: true });
    await rm(this.manifestPath(digest), { force: true });
  }
}

/** One platform's image on disk. */
export interface WarmedEntry {
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly raw: RawManifest;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly confirmedMs: number;
}

/** What a reference means for one platform. */
export interface WarmedPointer {
  /** In full, as `docker.io/library/debian:12`. */
  readonly reference: string;
  readonly platform: Platform;
  /** What the registry says the reference names: a manifest, or the index that has it. */
  readonly target: Digest;
  /** The manifest of the image for `platform`: the name of its entry. */
  readonly digest: Digest;
}

async function readPointer(path: string): Promise<WarmedPointer | undefined> {
  const text = await readFile(path).catch(undefinedIfMissing);
  if (text === undefined) return undefined;
  const fail = (message: string) => new StoreInvalidError(`${path}: ${message}`);
  const document = asObject(parseJson(text, 'pointer', fail), 'pointer', fail);
  if (document['version'] !== 1) throw fail(`its version is not 1`);
  const platform = asObject(document['platform'], 'platform', fail);
  const variant = platform['variant'];
  return {
    reference: asString(document['reference'], 'reference', fail),
    platform: {
      os: asString(platform['os'], 'platform.os', fail),
      architecture: asString(platform['architecture'], 'platform.architecture', fail),
      ...(variant !== undefined && { variant: asString(variant, 'platform.variant', fail) }),
    },
    target: parseDigest(asString(document['target'], 'target', fail)),
    digest: parseDigest(asString(document['digest'], 'digest', fail)),
  };
}

async function readDocument(path: string, digest: Digest, fallback: string): Promise<RawManifest | undefined> {
  const bytes = await readFile(path).catch(undefinedIfMissing);
  if (bytes === undefined || sha256(bytes) !== digest) return undefined;
  const fail = (message: string) => new StoreInvalidError(`${path}: ${message}`);
  const declared = asObject(parseJson(bytes, 'manifest', fail), 'manifest', fail)['mediaType'];
  const mediaType = typeof declared === 'string' ? declared : fallback;
  return isManifestType(fallback) === isManifestType(mediaType) ? { mediaType, digest, bytes } : undefined;
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(undefinedIfMissing);
}

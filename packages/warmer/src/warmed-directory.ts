import { lstat, lutimes, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import {
  formatWarmedPointer,
  MAX_POINTER_BYTES,
  parseWarmedPointer,
  type WarmedPaths,
  warmedPaths,
  type WarmedPointer,
} from '@shale/cache/base-images';
import {
  type Digest,
  formatReference,
  isDigest,
  isIndex,
  isIndexType,
  MAX_MANIFEST_BYTES,
  type Manifest,
  MediaType,
  parseManifest,
  type Platform,
  type RawManifest,
  type Reference,
  sha256,
  StoreInvalidError,
} from '@shale/core';
import { readRegularFile, StoreDirectory, undefinedIfMissing } from '@shale/core/files';
import { asObject, parseJson } from '@shale/core/json';
import type { EntryForm } from './entry-form.ts';
import { layoutPath } from './layout-entry.ts';
import { ownedName } from './owner.ts';
import { publishFile } from './partial-file.ts';

/** An image for one platform in the directory. */
export interface WarmedEntry {
  readonly digest: Digest;
  readonly form: EntryForm;
  readonly manifest: Manifest;
  readonly raw: RawManifest;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly confirmedMs: number;
}

/** A pointer and its file. */
export interface WarmedPointerFile extends WarmedPointer {
  readonly path: string;
}

/**
 * Writes the directory that `baseImageCache` reads. It has two directories more, for running warmers: `.shale/v1/leases` and
 * `.shale/v1/partial`. The time of an entry or a pointer is when a registry last confirmed it. Everything that is visible is
 * complete and verified.
 */
export class WarmedDirectory {
  readonly path: string;
  readonly leases: string;
  readonly partial: string;
  readonly #files: StoreDirectory;
  readonly #tags: string;
  readonly #paths: WarmedPaths;

  constructor(path: string) {
    const own = join(path, '.shale', 'v1');
    this.path = path;
    this.#files = new StoreDirectory(path, 'everyone');
    this.leases = join(own, 'leases');
    this.partial = join(own, 'partial');
    this.#tags = join(own, 'tags');
    this.#paths = warmedPaths(path);
  }

  /**
   * Makes the directories of warmers.
   * @throws {StoreInvalidError} when one of them is a symlink: through it, a warmer would write and remove files elsewhere.
   */
  async prepare(): Promise<void> {
    for (const directory of [this.leases, this.partial, this.#tags]) await this.#make(directory);
  }

  /** The path of an image: a tar, or an OCI image layout. */
  entryPath(digest: Digest): string {
    return this.#paths.entry(digest);
  }

  manifestPath(digest: Digest): string {
    return this.#paths.manifest(digest);
  }

  /** @returns `undefined` unless both the image and its manifest are there. */
  async entry(digest: Digest): Promise<WarmedEntry | undefined> {
    const path = this.entryPath(digest);
    const [found, raw] = await Promise.all([lstat(path).catch(undefinedIfMissing), this.manifest(digest)]);
    if (found === undefined || raw === undefined || !(found.isFile() || found.isDirectory())) return undefined;
    const manifest = parseManifest(raw);
    if (isIndex(manifest)) return undefined;
    const form = found.isDirectory() ? 'oci' : 'tar';
    const sizeBytes = form === 'oci' ? layoutBytes(manifest) + raw.bytes.byteLength : found.size;
    return { digest, form, manifest, raw, sizeBytes, confirmedMs: found.mtimeMs };
  }

  /** Every image with a valid manifest. */
  async entries(): Promise<readonly WarmedEntry[]> {
    const names = (await readdir(this.path).catch(undefinedIfMissing)) ?? [];
    const found = await Promise.all(names.filter(isDigest).map((digest) => this.entry(digest).catch(() => undefined)));
    return found.filter((entry) => entry !== undefined);
  }

  /** The size of all images with a valid manifest. */
  async usedBytes(): Promise<number> {
    return (await this.entries()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async manifest(digest: Digest): Promise<RawManifest | undefined> {
    const beside = await readDocument(this.manifestPath(digest), digest, MediaType.ociManifest);
    return beside ?? readDocument(layoutPath(this.entryPath(digest), digest), digest, MediaType.ociManifest);
  }

  async index(digest: Digest): Promise<RawManifest | undefined> {
    return readDocument(this.#paths.index(digest), digest, MediaType.ociIndex);
  }

  async writeIndex(index: RawManifest): Promise<void> {
    await this.#publish(this.#paths.index(index.digest), index.bytes);
  }

  async pointer(reference: Reference, platform: Platform): Promise<WarmedPointer | undefined> {
    return readPointer(this.#paths.pointer(reference, platform));
  }

  async writePointer(reference: Reference, pointer: Omit<WarmedPointer, 'reference'>): Promise<void> {
    const text = formatWarmedPointer({ reference: formatReference(reference), ...pointer });
    await this.#publish(this.#paths.pointer(reference, pointer.platform), text);
  }

  /** Every valid pointer. */
  async pointers(): Promise<readonly WarmedPointerFile[]> {
    // without types, Node would follow symlinks
    const entries = await readdir(this.#tags, { recursive: true, withFileTypes: true }).catch(undefinedIfMissing);
    const paths = (entries ?? []).map(({ parentPath, name }) => join(parentPath, name));
    const read = async (path: string) => ({ pointer: await readPointer(path), path });
    const found = await Promise.allSettled(paths.filter((path) => path.endsWith('.json')).map(read));
    return found.flatMap((result) =>
      result.status === 'fulfilled' && result.value.pointer !== undefined
        ? [{ ...result.value.pointer, path: result.value.path }]
        : [],
    );
  }

  /** Records that a registry confirmed the pointer. */
  async confirm(reference: Reference, { platform, digest }: Pick<WarmedPointer, 'platform' | 'digest'>): Promise<void> {
    await Promise.all([touch(this.#paths.pointer(reference, platform)), this.touch(digest)]);
  }

  async touch(digest: Digest): Promise<void> {
    await touch(this.entryPath(digest));
  }

  /** Removes the image first, by a rename: without it there is no entry. */
  async remove(digest: Digest): Promise<void> {
    await this.#make(this.partial);
    const aside = join(this.partial, ownedName());
    await rename(this.entryPath(digest), aside).catch(undefinedIfMissing);
    await rm(aside, { force: true, recursive: true });
    await rm(this.manifestPath(digest), { force: true });
  }

  async #publish(path: string, content: string | Uint8Array): Promise<void> {
    await this.#make(dirname(path));
    await publishFile(this.partial, path, content);
  }

  async #make(path: string): Promise<void> {
    await this.#files.make(...relative(this.path, path).split(sep));
  }
}

async function readPointer(path: string): Promise<WarmedPointer | undefined> {
  const content = await readRegularFile(path, { maxBytes: MAX_POINTER_BYTES });
  return content && parseWarmedPointer(content.toString('utf8'));
}

async function readDocument(path: string, digest: Digest, fallback: string): Promise<RawManifest | undefined> {
  const bytes = await readRegularFile(path, { maxBytes: MAX_MANIFEST_BYTES }).catch(undefinedIfInvalid);
  if (bytes === undefined || sha256(bytes) !== digest) return undefined;
  const fail = (message: string) => new StoreInvalidError(`${path}: ${message}`);
  const declared = asObject(parseJson(bytes, 'manifest', fail), 'manifest', fail)['mediaType'];
  const mediaType = typeof declared === 'string' ? declared : fallback;
  return isIndexType(fallback) === isIndexType(mediaType) ? { mediaType, digest, bytes } : undefined;
}

/** An invalid manifest counts as missing, and is fetched again. */
function undefinedIfInvalid(error: unknown): undefined {
  if (!(error instanceof StoreInvalidError)) throw error;
}

/** The size of an OCI image layout, without regard to blobs that it shares with others. */
function layoutBytes({ config, layers }: Manifest): number {
  const sizes = new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await lutimes(path, now, now).catch(undefinedIfMissing);
}

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

/** One platform's image on disk. */
export interface WarmedEntry {
  readonly digest: Digest;
  readonly form: EntryForm;
  readonly manifest: Manifest;
  readonly raw: RawManifest;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly confirmedMs: number;
}

/** A pointer as it lies in the directory. */
export interface WarmedPointerFile extends WarmedPointer {
  readonly path: string;
}

/**
 * The writing side of what `baseImageCache` reads, with two directories more: `.shale/v1/leases` and `.shale/v1/partial`,
 * of running warmers. The times of an entry and of a pointer say when a registry last confirmed them. What is visible
 * is whole and verified.
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
   * Makes the directories that warmers work in.
   * @throws {StoreInvalidError} where a symlink has the place of one: a warmer would write and remove files elsewhere.
   */
  async prepare(): Promise<void> {
    for (const directory of [this.leases, this.partial, this.#tags]) await this.#make(directory);
  }

  /** Of a tar, or of an OCI layout. */
  entryPath(digest: Digest): string {
    return this.#paths.entry(digest);
  }

  manifestPath(digest: Digest): string {
    return this.#paths.manifest(digest);
  }

  /** `undefined` unless the image and its manifest are there. */
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

  /** Every whole image; one whose manifest cannot be read is passed over. */
  async entries(): Promise<readonly WarmedEntry[]> {
    const names = (await readdir(this.path).catch(undefinedIfMissing)) ?? [];
    const found = await Promise.all(names.filter(isDigest).map((digest) => this.entry(digest).catch(() => undefined)));
    return found.filter((entry) => entry !== undefined);
  }

  /** What every whole image takes together. */
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

  /** Those that cannot be read are passed over. */
  async pointers(): Promise<readonly WarmedPointerFile[]> {
    // with types no symlink is followed
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

  /** A registry said again that this is what the reference means. */
  async confirm(reference: Reference, { platform, digest }: Pick<WarmedPointer, 'platform' | 'digest'>): Promise<void> {
    await Promise.all([touch(this.#paths.pointer(reference, platform)), this.touch(digest)]);
  }

  async touch(digest: Digest): Promise<void> {
    await touch(this.entryPath(digest));
  }

  /** The image goes first, at once: without it there is no entry. */
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

/** What is no manifest is fetched again, as if it was not there. */
function undefinedIfInvalid(error: unknown): undefined {
  if (!(error instanceof StoreInvalidError)) throw error;
}

/** As if nothing was shared with other images. */
function layoutBytes({ config, layers }: Manifest): number {
  const sizes = new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await lutimes(path, now, now).catch(undefinedIfMissing);
}

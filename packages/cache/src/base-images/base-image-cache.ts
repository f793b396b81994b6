import { lstat } from 'node:fs/promises';
import {
  BlobMissingError,
  type BlobSource,
  type CallOptions,
  type Digest,
  formatReference,
  type Image,
  type ImageSource,
  isDigest,
  loadImage,
  type ManifestSource,
  type RawManifest,
  type Reference,
  type ResolveOptions,
} from '@shale/core';
import { ageMs, readRegularFile, undefinedIfMissing } from '@shale/core/files';
import type { WarmedEntry } from './warmed-entry.ts';
import { openWarmedEntry, readWarmedIndex } from './warmed-entry.ts';
import type { WarmedPaths, WarmedPointer } from './warmed-format.ts';
import { MAX_POINTER_BYTES, parseWarmedPointer, warmedPaths } from './warmed-format.ts';

export interface BaseImageCacheOptions {
  /**
   * Asks a registry what a tag names now: the digest of an index or of the platform's manifest. Used where the directory
   * has no pointer for a tag, or an old one. @default tags without a pointer are not found
   */
  readonly resolveDigest?: ((reference: Reference, options: ResolveOptions) => Promise<Digest | undefined>) | undefined;
  /**
   * Time since a warmer last confirmed a tag, in milliseconds, after which `resolveDigest` is asked; while that fails the
   * old answer stands. @default never
   */
  readonly maxAgeMs?: number | undefined;
  /** Whether the old answer stands while `resolveDigest` fails; otherwise its error is thrown. @default true */
  readonly staleIfError?: boolean | undefined;
  readonly onEvent?: ((event: BaseImageCacheEvent) => void) | undefined;
}

/** What was met on the way; the image then comes from elsewhere. */
export type BaseImageCacheEvent =
  /** Something in the directory is not what it should be, or may not be read. */
  | { readonly type: 'damaged'; readonly reference: Reference; readonly error: unknown }
  /** A tag is used as it was last confirmed, as the registry does not answer. */
  | { readonly type: 'stale'; readonly reference: Reference; readonly confirmed: Date; readonly error: unknown };

/**
 * Base images from a directory that a warmer fills: `shale warm`, or kaniko's. It only reads, so that one directory can
 * be mounted read-only into any number of builds, and checks what it reads: the manifest against the digest that was
 * asked for, config and layers against the manifest. A directory that is broken is passed over.
 * @example
 * const images = [baseImageCache('/var/cache/images'), registrySource(client)];
 */
export function baseImageCache(directory: string, options: BaseImageCacheOptions = {}): ImageSource {
  return new BaseImageCache(directory, options);
}

/** A pointer may move, and its old image be removed, between the two reads. */
const MAX_ATTEMPTS = 4;

class BaseImageCache implements ImageSource {
  readonly name: string;
  readonly #paths: WarmedPaths;
  readonly #options: BaseImageCacheOptions;

  constructor(directory: string, options: BaseImageCacheOptions) {
    this.name = `base images in ${directory}`;
    this.#paths = warmedPaths(directory);
    this.#options = options;
  }

  async resolve(reference: Reference, options: ResolveOptions): Promise<Image | undefined> {
    options.signal?.throwIfAborted();
    try {
      return await this.#resolve(reference, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof UnansweredError) throw error.cause;
      this.#options.onEvent?.({ type: 'damaged', reference, error });
      return undefined;
    }
  }

  async #resolve(reference: Reference, options: ResolveOptions): Promise<Image | undefined> {
    const digest = reference.digest ?? (await this.#currentDigest(reference, options));
    let failure: unknown;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      try {
        const image = await this.#find(digest, reference, options);
        if (image !== undefined) return image;
      } catch (error) {
        if (!(error instanceof BlobMissingError)) throw error;
        failure = error; // removed between two reads
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  async #find(digest: Digest | undefined, reference: Reference, options: ResolveOptions): Promise<Image | undefined> {
    const image = digest && (await this.#load(digest, reference, options));
    if (image !== undefined) return image;
    const pointer = await this.#pointer(reference, options);
    const isWanted = digest === undefined || pointer?.target === digest || pointer?.digest === digest;
    return pointer !== undefined && isWanted ? this.#load(pointer.digest, reference, options) : undefined;
  }

  /** What the registry says, where it must be asked and answers; `undefined` leaves it to the pointer. */
  async #currentDigest(reference: Reference, options: ResolveOptions): Promise<Digest | undefined> {
    const { resolveDigest, maxAgeMs = Number.POSITIVE_INFINITY, staleIfError = true, onEvent } = this.#options;
    if (resolveDigest === undefined) return undefined;
    const confirmedMs = await this.#confirmedMs(reference, options);
    if (confirmedMs !== undefined && ageMs(confirmedMs) < maxAgeMs) return undefined;
    try {
      return await resolveDigest(reference, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!staleIfError) throw new UnansweredError(error);
      if (confirmedMs !== undefined) onEvent?.({ type: 'stale', reference, confirmed: new Date(confirmedMs), error });
      return undefined;
    }
  }

  async #confirmedMs(reference: Reference, { platform }: ResolveOptions): Promise<number | undefined> {
    const found = await lstat(this.#paths.pointer(reference, platform)).catch(undefinedIfMissing);
    return found?.mtimeMs;
  }

  async #pointer(reference: Reference, { platform }: ResolveOptions): Promise<WarmedPointer | undefined> {
    const path = this.#paths.pointer(reference, platform);
    const content = await readRegularFile(path, { maxBytes: MAX_POINTER_BYTES });
    return content && parseWarmedPointer(content.toString('utf8'));
  }

  async #load(digest: Digest, reference: Reference, options: ResolveOptions): Promise<Image | undefined> {
    const origin = { source: 'base-image-cache', name: formatReference(reference) };
    const documents = new WarmedDocuments(this.#paths);
    try {
      return await loadImage(documents, digest, { ...options, origin });
    } catch (error) {
      if (documents.isIncomplete) return undefined; // the index is here, this platform's image is not
      throw error;
    }
  }
}

/** What was to be asked first could not be. */
class UnansweredError extends Error {
  override readonly cause: Error;

  constructor(cause: unknown) {
    super('unanswered');
    this.cause = cause instanceof Error ? cause : new Error(String(cause));
  }
}

/** Manifests of the directory, and the blobs of the image that was found last. */
class WarmedDocuments implements ManifestSource, BlobSource {
  readonly #paths: WarmedPaths;
  #entry: WarmedEntry | undefined;
  #isIncomplete = false;

  constructor(paths: WarmedPaths) {
    this.#paths = paths;
  }

  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  async getManifest(digest: string): Promise<RawManifest | undefined> {
    if (!isDigest(digest)) return undefined;
    const index = await readWarmedIndex(this.#paths, digest);
    this.#entry = index === undefined ? await openWarmedEntry(this.#paths, digest) : undefined;
    const raw = index ?? this.#entry?.raw;
    this.#isIncomplete = raw === undefined;
    return raw;
  }

  /** The directory knows no tags of its own. */
  async headManifest(): Promise<undefined> {
    return undefined;
  }

  async stat(digest: Digest, options?: CallOptions): Promise<number | undefined> {
    return this.#entry?.blobs.stat(digest, options);
  }

  read(...[blob, options]: Parameters<BlobSource['read']>): AsyncIterable<Uint8Array> {
    if (this.#entry === undefined) throw new BlobMissingError(blob.digest, 'the base image cache');
    return this.#entry.blobs.read(blob, options);
  }
}

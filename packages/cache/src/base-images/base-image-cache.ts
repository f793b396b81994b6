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
   * Asks a registry for the digest of a tag, either of an index or of the platform's manifest. Called where the directory has
   * no pointer for the tag, or an old one. @default tags without a pointer are not found
   */
  readonly resolveDigest?: ((reference: Reference, options: ResolveOptions) => Promise<Digest | undefined>) | undefined;
  /**
   * A pointer is old when no warmer confirmed it for this time, in milliseconds. Then `resolveDigest` is called.
   * @default no limit
   */
  readonly maxAgeMs?: number | undefined;
  /** Whether an old pointer is used when `resolveDigest` fails. Otherwise the error is thrown. @default true */
  readonly staleIfError?: boolean | undefined;
  readonly onEvent?: ((event: BaseImageCacheEvent) => void) | undefined;
}

/** A problem with the directory or the registry. No event fails a build. */
export type BaseImageCacheEvent =
  /** Something in the directory is not valid, or cannot be read. The image then comes from another source. */
  | { readonly type: 'damaged'; readonly reference: Reference; readonly error: unknown }
  /** An old pointer is used, because the registry does not answer. */
  | { readonly type: 'stale'; readonly reference: Reference; readonly confirmed: Date; readonly error: unknown };

/**
 * Base images from a directory that a warmer fills, either shale's or kaniko's. The directory is only read, so that it can be
 * mounted read-only into any number of builds. Everything is verified: the manifest against the digest that was asked for,
 * config and layers against the manifest. An image that is not valid is reported, and counts as missing.
 * @example
 * const images = [baseImageCache('/var/cache/images'), registrySource(client)];
 */
export function baseImageCache(directory: string, options: BaseImageCacheOptions = {}): ImageSource {
  return new BaseImageCache(directory, options);
}

/** A warmer may move a pointer and remove its old image between the two reads. */
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
        failure = error; // it was removed between two reads
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

  /** The answer of the registry, if it has to be asked and answers. @returns `undefined` where the pointer decides. */
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
      if (documents.isIncomplete) return undefined; // the index is here, and the image of this platform is not
      throw error;
    }
  }
}

/** `resolveDigest` failed, and the old pointer must not be used. */
class UnansweredError extends Error {
  override readonly cause: Error;

  constructor(cause: unknown) {
    super('unanswered');
    this.cause = cause instanceof Error ? cause : new Error(String(cause));
  }
}

/** The manifests of the directory, and the blobs of the image that was read last. */
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

  /** The directory has no tags of its own. */
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

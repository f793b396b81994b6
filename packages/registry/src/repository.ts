import {
  type BlobContent,
  type BlobStart,
  type CallOptions,
  type Descriptor,
  type Digest,
  type ImageStore,
  type ProgressListener,
  type PutBlobOptions,
  type RawManifest,
  type Reference,
  type ResumableBlobSource,
  streamOf,
} from '@shale/core';
import { DigestMismatchError, verifyBlob } from '@shale/core';
import { downloadBlob, statBlob } from './blobs.ts';
import { deleteManifest, getManifest, headManifest, listTags, type Place } from './manifests.ts';
import { Places } from './places.ts';
import type { RateLimit } from './rate-limit.ts';
import { listReferrers, putWithSubject, type ReferrersOptions } from './referrers.ts';
import type { RetryPolicy } from './retry.ts';
import { untilAborted } from './until-aborted.ts';
import { uploadBlob } from './upload.ts';

export interface RepositoryOptions {
  /** The registry itself: everything is written here. */
  readonly origin: Place;
  /** Where to read from, best first. */
  readonly readable: readonly Place[];
  /** Host and repository as users write them. */
  readonly reference: Pick<Reference, 'registry' | 'repository'>;
  readonly policy: RetryPolicy;
  readonly idleTimeoutMs: number;
  readonly commitTimeoutMs: number | undefined;
  readonly minimumBytesPerSecond: number;
  readonly chunkBytes: number | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly onProgress: ProgressListener;
}

interface RunningUpload {
  readonly done: Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** A repository of a registry as a store of images. */
export class Repository implements ImageStore, ResumableBlobSource {
  readonly name: string;
  /** The host, as in `docker.io`. */
  readonly registry: string;
  /** As in `library/debian`. */
  readonly repository: string;
  readonly #options: RepositoryOptions;
  readonly #places: Places;
  readonly #uploads = new Map<Digest, RunningUpload>();

  constructor(options: RepositoryOptions) {
    const { registry, repository } = options.reference;
    this.name = `${registry}/${repository}`;
    this.registry = registry;
    this.repository = repository;
    this.#options = options;
    this.#places = new Places(options.readable, options.onProgress);
  }

  /** Asks the registry itself, because the answer decides about a write. */
  stat(digest: Digest, options?: CallOptions): Promise<number | undefined> {
    return statBlob(this.#options.origin, digest, options);
  }

  read(blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array> {
    return this.readRest(blob, { bytes: 0, content: streamOf }, options);
  }

  async *readRest(blob: Descriptor, start: BlobStart, options?: CallOptions): AsyncIterable<Uint8Array> {
    const { onProgress } = this.#options;
    const served: Place[] = [];
    const transfer = { type: 'transfer', direction: 'pull', digest: blob.digest, totalBytes: blob.size } as const;
    let bytes = 0;
    try {
      for await (const chunk of verifyBlob(blob, this.#whole(blob, { start, served }, options))) {
        bytes += chunk.byteLength;
        if (bytes <= start.bytes) continue;
        onProgress({ ...transfer, bytes, done: false });
        yield chunk;
      }
    } catch (error) {
      if (error instanceof DigestMismatchError && start.bytes === 0) {
        for (const place of served) this.#places.distrust(place, blob.digest, error);
      }
      throw error;
    }
    onProgress({ ...transfer, bytes, done: true });
  }

  async put(blob: Descriptor, content: BlobContent, options: PutBlobOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const running = this.#uploads.get(blob.digest);
    if (running === undefined) return this.#upload(blob, content, options);
    try {
      return await untilAborted(running.done, options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (running.signal?.aborted !== true) throw error;
    }
    return this.put(blob, content, options); // the caller that uploaded aborted, this one did not
  }

  getManifest(tagOrDigest: string, options?: CallOptions): Promise<RawManifest | undefined> {
    return this.#ask(tagOrDigest, (place) => getManifest(place, tagOrDigest, options), options);
  }

  headManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    return this.#ask(tagOrDigest, (place) => headManifest(place, tagOrDigest, options), options);
  }

  /** Whether the registry itself has this manifest; a mirror's answer says nothing about it. */
  async holdsManifest(digest: Digest, options?: CallOptions): Promise<boolean> {
    return (await headManifest(this.#options.origin, digest, options)) !== undefined;
  }

  putManifest(tagOrDigest: string, manifest: RawManifest, options?: CallOptions): Promise<void> {
    return putWithSubject(this.#options.origin, tagOrDigest, manifest, options);
  }

  deleteManifest(digest: Digest, options?: CallOptions): Promise<void> {
    return deleteManifest(this.#options.origin, digest, options);
  }

  /** Signatures, attestations and others that name this manifest as their subject. */
  listReferrers(subject: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor> {
    return listReferrers(this.#options.origin, subject, options);
  }

  listTags(options?: CallOptions): AsyncIterable<string> {
    return listTags(this.#options.origin, options);
  }

  async #ask<T>(
    content: string,
    ask: (place: Place) => Promise<T | undefined>,
    options?: CallOptions,
  ): Promise<T | undefined> {
    const places = this.#places.for(content);
    for (const place of places.slice(0, -1)) {
      try {
        const found = await ask(place);
        if (found !== undefined) return found;
      } catch (error) {
        options?.signal?.throwIfAborted();
        this.#places.passOver(place, error);
      }
    }
    return ask(places.at(-1) as Place);
  }

  /** Yields the bytes of `start`, then downloads the rest. */
  async *#whole(
    blob: Descriptor,
    { start, served }: { readonly start: BlobStart; readonly served: Place[] },
    options?: CallOptions,
  ): AsyncIterable<Uint8Array> {
    let offset = 0;
    for await (const chunk of start.content()) {
      options?.signal?.throwIfAborted();
      offset += chunk.byteLength;
      yield chunk;
    }
    if (offset < blob.size) yield* this.#download(blob, { offset, served }, options);
  }

  /** When a place fails, the next one is asked for the missing bytes. */
  async *#download(
    blob: Descriptor,
    { offset: first, served }: { readonly offset: number; readonly served: Place[] },
    options?: CallOptions,
  ): AsyncIterable<Uint8Array> {
    const { policy, minimumBytesPerSecond, rateLimit } = this.#options;
    const places = this.#places.for(blob.digest);
    let offset = first;
    for (const [index, place] of places.entries()) {
      try {
        const from = { policy, minimumBytesPerSecond, rateLimit, offset, signal: options?.signal };
        for await (const chunk of downloadBlob(place, blob, from)) {
          if (served.at(-1) !== place) served.push(place);
          offset += chunk.byteLength;
          yield chunk;
        }
        return;
      } catch (error) {
        options?.signal?.throwIfAborted();
        if (index === places.length - 1) throw error;
        this.#places.passOver(place, error);
      }
    }
  }

  async #upload(blob: Descriptor, content: BlobContent, options: PutBlobOptions): Promise<void> {
    const done = this.#uploadIfAbsent(blob, content, options).finally(() => this.#uploads.delete(blob.digest));
    this.#uploads.set(blob.digest, { done, signal: options.signal });
    return done;
  }

  async #uploadIfAbsent(blob: Descriptor, content: BlobContent, options: PutBlobOptions): Promise<void> {
    const { origin, onProgress, policy, chunkBytes, idleTimeoutMs, commitTimeoutMs } = this.#options;
    const { signal, mountFrom } = options;
    if ((await statBlob(origin, blob.digest, { signal })) === blob.size) return;
    const transfer = { type: 'transfer', direction: 'push', digest: blob.digest, totalBytes: blob.size } as const;
    const onBytes = (bytes: number) => {
      onProgress({ ...transfer, bytes, done: false });
      options.onBytes?.(bytes);
    };
    const how = { policy, chunkBytes, idleTimeoutMs, commitTimeoutMs, mountFrom, signal, onBytes };
    await uploadBlob(origin, blob, content, how);
    onProgress({ ...transfer, bytes: blob.size, done: true });
  }
}

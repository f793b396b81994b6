import type { CallOptions } from './call-options.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** Content that can be read from its start several times, as a retried upload does. */
export type BlobContent = () => AsyncIterable<Uint8Array>;

/** The first bytes of a blob, left by an attempt that was interrupted. */
export interface BlobStart {
  readonly bytes: number;
  /** Exactly `bytes` of them. */
  readonly content: BlobContent;
}

export interface BlobSource {
  /** The size in bytes, or `undefined` where the blob is absent. */
  stat(digest: Digest, options?: CallOptions): Promise<number | undefined>;
  /**
   * Streams the blob and verifies it: the iteration ends without an error only when size and digest are right. A
   * consumer publishes what it read after the loop. The consumer owns each chunk.
   * @throws {BlobMissingError} @throws {DigestMismatchError} @throws {SizeMismatchError}
   */
  read(blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array>;
}

/** A source that can begin in the middle of a blob. */
export interface ResumableBlobSource extends BlobSource {
  /** Streams what follows `start`, and verifies the whole as `read` does. A mismatch may be the fault of `start`. */
  readRest(blob: Descriptor, start: BlobStart, options?: CallOptions): AsyncIterable<Uint8Array>;
}

export function isResumable(source: BlobSource): source is ResumableBlobSource {
  return 'readRest' in source;
}

export interface PutBlobOptions extends CallOptions {
  /**
   * Repositories of the same registry that may hold the blob, as `library/debian`. The registry is asked to mount it.
   */
  readonly mountFrom?: readonly string[] | undefined;
  /** Called with the bytes sent so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface BlobStore extends BlobSource {
  /** Verifies and stores a blob. Does not read `content` when the store has the blob. */
  put(blob: Descriptor, content: BlobContent, options?: PutBlobOptions): Promise<void>;
}

/** A blob being written whose digest is not known yet. Disposing it uncommitted leaves nothing behind. */
export interface BlobUpload extends AsyncDisposable {
  /** Takes ownership of `chunk` until the promise settles. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the blob visible: flushed to disk, then renamed to its digest.
   * @throws {SizeMismatchError} @throws {DigestMismatchError} when it is not the `expected` one.
   */
  commit(mediaType: string, expected?: Descriptor): Promise<Descriptor>;
}

export interface StartUploadOptions extends CallOptions {
  /** The algorithm of the digest. @default 'sha256' */
  readonly algorithm?: 'sha256' | 'sha512' | undefined;
}

/** A store on this machine's disk. */
export interface LocalBlobStore extends BlobStore {
  readonly root: string;
  /** Where the blob is, or would be. */
  pathOf(digest: Digest): string;
  startUpload(options?: StartUploadOptions): Promise<BlobUpload>;
  delete(digest: Digest): Promise<void>;
  /** Every digest held, in no order. */
  list(): AsyncIterable<Digest>;
}

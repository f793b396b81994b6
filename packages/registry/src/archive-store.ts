import {
  type CallOptions,
  type Descriptor,
  type Digest,
  type ImageStore,
  type RawManifest,
  streamOf,
} from '@shale/core';
import { BlobMissingError, describeManifest, verifyBlob } from '@shale/core';
import { StoreReadOnlyError } from './store-error.ts';
import type { TarIndex } from './tar-index.ts';

/** Images inside an archive, read in place and never changed. Disposing it removes files unpacked for reading. */
export interface ArchiveStore extends ImageStore, AsyncDisposable {}

/** How one kind of archive finds its contents. */
export interface ArchiveContents {
  readonly name: string;
  readonly files: TarIndex;
  /** The name of the file that holds a blob, or the bytes of a blob that the archive has no file for. */
  locate(digest: Digest): string | Uint8Array | undefined;
  findManifest(tagOrDigest: string, options?: CallOptions): Promise<RawManifest | undefined>;
  readonly tags: readonly string[];
}

export function archiveStore({ name, files, locate, findManifest, tags }: ArchiveContents): ArchiveStore {
  const refuse = () => Promise.reject(new StoreReadOnlyError(name));
  const read = (blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array> => {
    const place = locate(blob.digest);
    if (typeof place !== 'string' && place !== undefined) return verifyBlob(blob, streamOf(place));
    if (place === undefined || files.size(place) === undefined) throw new BlobMissingError(blob.digest, name);
    return verifyBlob(blob, files.read(place, options));
  };
  return {
    name,
    async stat(digest) {
      const place = locate(digest);
      return typeof place === 'string' ? files.size(place) : place?.byteLength;
    },
    async *read(blob, options) {
      yield* read(blob, options);
    },
    put: refuse,
    getManifest: findManifest,
    async headManifest(tagOrDigest, options) {
      const found = await findManifest(tagOrDigest, options);
      return found && describeManifest(found);
    },
    putManifest: refuse,
    deleteManifest: refuse,
    async *listTags() {
      yield* tags;
    },
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

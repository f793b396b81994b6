import {
  type BlobSource,
  type CallOptions,
  type Descriptor,
  digestAlgorithm,
  DigestMismatchError,
  type LocalBlobStore,
  SizeMismatchError,
} from '@shale/core';

/** Reads blobs from `local`, else from `remote`. The first complete read of a remote blob also stores it in `local`. */
export function keptBlobs(remote: BlobSource, local: LocalBlobStore): BlobSource {
  return {
    stat: async (digest, options) => (await local.stat(digest, options)) ?? remote.stat(digest, options),
    async *read(blob, options) {
      const isNear = (await local.stat(blob.digest, options)) === blob.size;
      yield* isNear ? readOrRemove(blob, local, options) : readAndKeep(blob, { remote, local, options });
    },
  };
}

/** Removes a damaged file, so that the next reader fetches the blob again. */
async function* readOrRemove(
  blob: Descriptor,
  local: LocalBlobStore,
  options: CallOptions | undefined,
): AsyncIterable<Uint8Array> {
  try {
    yield* local.read(blob, options);
  } catch (error) {
    if (error instanceof DigestMismatchError || error instanceof SizeMismatchError) await local.delete(blob.digest);
    throw error;
  }
}

interface Keeping {
  readonly remote: BlobSource;
  readonly local: LocalBlobStore;
  readonly options: CallOptions | undefined;
}

async function* readAndKeep(blob: Descriptor, { remote, local, options }: Keeping): AsyncIterable<Uint8Array> {
  await using upload = await local.startUpload({ ...options, algorithm: digestAlgorithm(blob.digest) });
  for await (const chunk of remote.read(blob, options)) {
    await upload.write(chunk);
    yield chunk;
  }
  await upload.commit(blob.mediaType);
}

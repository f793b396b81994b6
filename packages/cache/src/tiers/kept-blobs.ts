import type { BlobSource, BlobUpload, CallOptions, Descriptor, Digest, LocalBlobStore } from '@shale/core';
import { digestAlgorithm } from '@shale/core';
import { healingBlobs } from '../directory/healing-blobs.ts';

export interface KeptBlobsOptions {
  readonly far: BlobSource;
  readonly near: LocalBlobStore;
  /** Called when a blob that was read has been written to `near`. */
  readonly onKept: (blob: Descriptor) => void;
  /** Called when a blob could not be written to `near`, as on a full disk. The read goes on. */
  readonly onFailed: (error: unknown) => void;
  readonly onCorrupt: (digest: Digest, error: unknown) => void;
}

/** Reads a blob from `near` if it is there. Otherwise reads it from `far` once, and writes it to `near` meanwhile. */
export function keptBlobs(options: KeptBlobsOptions): BlobSource {
  const near = healingBlobs(options.near, options);
  return {
    stat: async (digest, call) => (await near.stat(digest, call)) ?? options.far.stat(digest, call),
    async *read(blob, call) {
      const isNear = (await near.stat(blob.digest, call)) === blob.size;
      yield* isNear ? near.read(blob, call) : keepWhileReading(blob, options, call);
    },
  };
}

async function* keepWhileReading(
  blob: Descriptor,
  { far, near, onKept, onFailed }: KeptBlobsOptions,
  call?: CallOptions,
): AsyncGenerator<Uint8Array> {
  const algorithm = digestAlgorithm(blob.digest);
  let upload: BlobUpload | undefined = await near
    .startUpload({ ...call, algorithm })
    .catch((error: unknown) => void onFailed(error));
  const keep = async (work: (upload: BlobUpload) => Promise<unknown>): Promise<boolean> => {
    if (upload === undefined) return false;
    const open = upload;
    try {
      await work(open);
      return true;
    } catch (error) {
      call?.signal?.throwIfAborted();
      onFailed(error);
      upload = undefined;
      await open[Symbol.asyncDispose]();
      return false;
    }
  };
  try {
    for await (const chunk of far.read(blob, call)) {
      await keep((open) => open.write(chunk));
      yield chunk;
    }
    if (await keep((open) => open.commit(blob.mediaType))) onKept(blob);
  } finally {
    await upload?.[Symbol.asyncDispose]();
  }
}

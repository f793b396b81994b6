import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSource, CallOptions, Digest, LocalBlobStore } from '@shale/core';
import {
  digestAlgorithm,
  digestHex,
  DigestMeter,
  DigestMismatchError,
  SizeMismatchError,
  StoreInvalidError,
} from '@shale/core';
import { openRegularFile, StoreDirectory } from '@shale/core/files';

/** Damaged files are kept here for whoever wants to know; pruning empties it. */
export const QUARANTINE_DIRECTORY = 'quarantine';

export interface HealingBlobsOptions {
  /** Called for each damaged blob that was put aside, or that could not be. */
  readonly onCorrupt: (digest: Digest, error: unknown) => void;
}

/**
 * Reads blobs and puts aside those that are not what their name says, so that the next store writes them again: stores
 * skip a blob whose file is there.
 */
export function healingBlobs(blobs: LocalBlobStore, { onCorrupt }: HealingBlobsOptions): BlobSource {
  return {
    stat: (digest, options) => blobs.stat(digest, options),
    async *read(blob, options) {
      try {
        yield* blobs.read(blob, options);
      } catch (error) {
        if (error instanceof DigestMismatchError || error instanceof SizeMismatchError) {
          await quarantineIfDamaged(blobs, blob.digest, options);
          onCorrupt(blob.digest, error);
        }
        throw error;
      }
    },
  };
}

/**
 * Puts a blob aside unless its file holds what its name says. The file decides, and not a descriptor that differs from it:
 * otherwise a wrong descriptor would be enough to have a good blob removed.
 */
export async function quarantineIfDamaged(
  blobs: LocalBlobStore,
  digest: Digest,
  options?: CallOptions,
): Promise<boolean> {
  const path = blobs.pathOf(digest);
  const store = new StoreDirectory(blobs.root);
  try {
    const content = await contentOf(path, digestAlgorithm(digest), options);
    if (content === 'absent' || content === digest) return false;
    if (!(await store.has('blobs', digestAlgorithm(digest)))) return false;
  } catch {
    return false; // it cannot be read, or would be moved from elsewhere
  }
  try {
    await rename(path, join(await store.make(QUARANTINE_DIRECTORY), digestHex(digest)));
    return true;
  } catch {
    return rm(path, { force: true }).then(
      () => true,
      () => false, // a read-only place keeps it
    );
  }
}

/** The digest of a file's content. */
async function contentOf(
  path: string,
  algorithm: 'sha256' | 'sha512',
  options?: CallOptions,
): Promise<Digest | 'absent' | 'irregular'> {
  try {
    await using opened = await openRegularFile(path);
    if (opened === undefined) return 'absent';
    const meter = new DigestMeter(algorithm);
    const stream = { highWaterMark: 1024 * 1024, signal: options?.signal, autoClose: false };
    for await (const chunk of opened.file.createReadStream(stream)) meter.update(chunk as Uint8Array);
    return meter.digest();
  } catch (error) {
    if (error instanceof StoreInvalidError) return 'irregular';
    throw error;
  }
}

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

/** Holds damaged files, for inspection, until the next prune. */
export const QUARANTINE_DIRECTORY = 'quarantine';

export interface HealingBlobsOptions {
  /** Called for each damaged blob, whether it could be put aside or not. */
  readonly onCorrupt: (digest: Digest, error: unknown) => void;
}

/**
 * Reads blobs, and puts aside those whose content does not match their name. A store skips a blob whose file exists, so
 * that only then the next one writes it again.
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
 * Puts a blob aside unless the content of its file matches its name. The file decides, not a descriptor: otherwise a wrong
 * descriptor would be enough to remove a good blob.
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
    return false; // it cannot be read, or a symlink leads to it
  }
  try {
    await rename(path, join(await store.make(QUARANTINE_DIRECTORY), digestHex(digest)));
    return true;
  } catch {
    return rm(path, { force: true }).then(
      () => true,
      () => false, // the place is read-only
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

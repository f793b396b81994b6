import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSource, Digest, LocalBlobStore } from '@shale/core';
import { digestAlgorithm, digestHex, DigestMeter, DigestMismatchError, SizeMismatchError } from '@shale/core';

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
          await quarantineIfDamaged(blobs, blob.digest);
          onCorrupt(blob.digest, error);
        }
        throw error;
      }
    },
  };
}

/** A wrong descriptor is no reason to take a good blob away: the file itself decides. */
export async function quarantineIfDamaged(blobs: LocalBlobStore, digest: Digest): Promise<boolean> {
  const actual = await hashFile(blobs.pathOf(digest), digestAlgorithm(digest)).catch(() => undefined);
  if (actual === undefined || actual === digest) return false;
  const directory = join(blobs.root, QUARANTINE_DIRECTORY);
  try {
    await mkdir(directory, { recursive: true });
    await rename(blobs.pathOf(digest), join(directory, digestHex(digest)));
    return true;
  } catch {
    return rm(blobs.pathOf(digest), { force: true }).then(
      () => true,
      () => false, // a read-only place keeps it
    );
  }
}

async function hashFile(path: string, algorithm: 'sha256' | 'sha512'): Promise<Digest> {
  const meter = new DigestMeter(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) meter.update(chunk as Uint8Array);
  return meter.digest();
}

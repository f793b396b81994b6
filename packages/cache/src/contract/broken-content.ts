import { BlobMissingError, DigestMismatchError, ShaleError, SizeMismatchError } from '@shale/core';

const BROKEN = new Set<string>(['CONFIG_INVALID', 'DIGEST_INVALID', 'MANIFEST_INVALID', 'MANIFEST_UNSUPPORTED']);

/** Whether an error says that content is damaged or missing, and not that it could not be fetched. */
export function isBroken(error: unknown): boolean {
  if (error instanceof DigestMismatchError || error instanceof SizeMismatchError) return true;
  return error instanceof BlobMissingError || (error instanceof ShaleError && BROKEN.has(error.code));
}

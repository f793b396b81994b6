import type { Digest } from './digest.ts';

/** Stable, because people search for them. Each has a section in docs/errors.md. */
export type ErrorCode =
  | 'ARCHIVE_ESCAPE'
  | 'ARCHIVE_INVALID'
  | 'ARCHIVE_LIMIT'
  | 'AUTH_REALM_REFUSED'
  | 'BASE_IMAGE_CACHE_FULL'
  | 'BASE_IMAGE_MISSING'
  | 'BLOB_MISSING'
  | 'CACHE_BROKEN'
  | 'CACHE_READ_ONLY'
  | 'CACHE_REQUIRED'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_UNTRUSTED'
  | 'COMPOSE_INVALID'
  | 'CONFIG_INVALID'
  | 'CONTEXT_INVALID'
  | 'CREDENTIALS_INVALID'
  | 'DEVCONTAINER_INVALID'
  | 'DEVCONTAINER_MISSING'
  | 'DIGEST_INVALID'
  | 'DIGEST_MISMATCH'
  | 'DOCKERFILE_INVALID'
  | 'ENTITLEMENT_DENIED'
  | 'EXECUTOR_UNAVAILABLE'
  | 'FEATURES_CIRCULAR'
  | 'FEATURE_INVALID'
  | 'FEATURE_UNAVAILABLE'
  | 'GIT_ACCESS_DENIED'
  | 'GIT_FAILED'
  | 'ISOLATION_UNAVAILABLE'
  | 'LAYOUT_INVALID'
  | 'LINT_VIOLATION'
  | 'LOCKFILE_MISMATCH'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNSUPPORTED'
  | 'NO_SPACE'
  | 'OUTPUT_UNWRITABLE'
  | 'PLATFORM_MISSING'
  | 'PLATFORM_INVALID'
  | 'PROBE_MISS'
  | 'PUSH_REFUSED'
  | 'REFERENCE_INVALID'
  | 'REGISTRY_PLAIN_HTTP'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_UNREACHABLE'
  | 'SANDBOX_FAILED'
  | 'SECRET_MISSING'
  | 'SOURCE_MISSING'
  | 'SSH_AGENT_MISSING'
  | 'STEP_FAILED'
  | 'STORE_INVALID'
  | 'USAGE_INVALID'
  | 'WARM_FAILED';

export interface ShaleErrorOptions extends ErrorOptions {
  /**
   * What the user can do next, in one sentence, in words that hold for every program: no flag, no variable. Never a
   * secret, never "Hint:".
   */
  readonly hint?: string | undefined;
}

/** Base class of every failure that a user can cause. A broken invariant is a bug, and stays a plain `Error`. */
export abstract class ShaleError extends Error {
  abstract readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(message: string, options?: ShaleErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = options?.hint;
  }
}

export class DigestInvalidError extends ShaleError {
  readonly code = 'DIGEST_INVALID';
}

export class ReferenceInvalidError extends ShaleError {
  readonly code = 'REFERENCE_INVALID';
}

export class PlatformInvalidError extends ShaleError {
  readonly code = 'PLATFORM_INVALID';
}

export class DigestMismatchError extends ShaleError {
  readonly code = 'DIGEST_MISMATCH';
  readonly expected: Digest;
  readonly actual: Digest;

  constructor(expected: Digest, actual: Digest, options?: ShaleErrorOptions) {
    super(`Content does not match its digest: expected ${expected}, received ${actual}`, options);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The length of the content differs from its descriptor. */
export class SizeMismatchError extends ShaleError {
  readonly code = 'DIGEST_MISMATCH';
  readonly digest: Digest;
  readonly expectedBytes: number;
  readonly receivedBytes: number;

  constructor(blob: { digest: Digest; size: number }, receivedBytes: number, options?: ShaleErrorOptions) {
    super(`${blob.digest} has the wrong size: expected ${blob.size} bytes, received ${receivedBytes}`, options);
    this.digest = blob.digest;
    this.expectedBytes = blob.size;
    this.receivedBytes = receivedBytes;
  }
}

export class BlobMissingError extends ShaleError {
  readonly code = 'BLOB_MISSING';
  readonly digest: Digest;

  constructor(digest: Digest, place: string, options?: ShaleErrorOptions) {
    super(`Blob ${digest} is not in ${place}`, options);
    this.digest = digest;
  }
}

export class ManifestInvalidError extends ShaleError {
  readonly code = 'MANIFEST_INVALID';
}

/** A media type that no build can use, such as docker's schema 1. */
export class ManifestUnsupportedError extends ShaleError {
  readonly code = 'MANIFEST_UNSUPPORTED';
  readonly mediaType: string;

  constructor(mediaType: string, options?: ShaleErrorOptions) {
    super(`Manifests of type ${JSON.stringify(mediaType)} are not supported`, options);
    this.mediaType = mediaType;
  }
}

export class ConfigInvalidError extends ShaleError {
  readonly code = 'CONFIG_INVALID';
}

export class PlatformMissingError extends ShaleError {
  readonly code = 'PLATFORM_MISSING';
}

export class ArchiveInvalidError extends ShaleError {
  readonly code = 'ARCHIVE_INVALID';
}

/** The archive's compression needs a program that is not installed. */
export class DecompressorMissingError extends ArchiveInvalidError {}

/** An entry that points outside the directory it is unpacked into. */
export class ArchiveEscapeError extends ShaleError {
  readonly code = 'ARCHIVE_ESCAPE';
}

/** A bound on untrusted archives was reached: entries, depth, path length, header size or expansion ratio. */
export class ArchiveLimitError extends ShaleError {
  readonly code = 'ARCHIVE_LIMIT';
}

export class NoSpaceError extends ShaleError {
  readonly code = 'NO_SPACE';
}

/** Files of a store have an unknown or broken format. */
export class StoreInvalidError extends ShaleError {
  readonly code = 'STORE_INVALID';
}

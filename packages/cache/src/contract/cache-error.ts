import { messageOf, ShaleError } from '@shale/core';

/** A cache failed that the build was told to require. */
export class CacheRequiredError extends ShaleError {
  readonly code = 'CACHE_REQUIRED';
  /** The tier that failed. */
  readonly backend: string;

  constructor(backend: string, cause: unknown) {
    super(`The ${backend} cache failed: ${messageOf(cause)}`, {
      cause,
      hint: 'Repair the cache, or let builds go on without it.',
    });
    this.backend = backend;
  }
}

/** The registry lets these credentials read the cache, not write it. */
export class CacheReadOnlyError extends ShaleError {
  readonly code = 'CACHE_READ_ONLY';

  constructor(place: string, cause: unknown) {
    super(`The cache ${place} is read-only for these credentials`, {
      cause,
      hint: 'Log in with credentials that may push, or only read this cache.',
    });
  }
}

/** Whether a registry refused a request for want of permission. The error classes of its client are not known here. */
export function isForbidden(error: unknown): boolean {
  const { code, status } = error as { code?: unknown; status?: unknown };
  return code === 'REGISTRY_REFUSED' && (status === 401 || status === 403 || status === 405);
}

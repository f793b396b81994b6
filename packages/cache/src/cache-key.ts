import type { Digest } from '@shale/core';

/** The digest of everything that a step's result depends on; its hex is the tag in a registry. */
export type CacheKey = Digest;

import type { Digest } from '@shale/core';
import type { CacheKey } from '../keys/cache-key.ts';

/** What a cache reports while it works. No event fails a build. Explanations and reports turn events into reasons. */
export type CacheEvent =
  /** A record or a blob is damaged. It was put aside, and counts as a miss. */
  | {
      readonly type: 'corrupt';
      readonly backend: string;
      readonly key?: CacheKey | undefined;
      readonly digest?: Digest | undefined;
      readonly error: unknown;
    }
  /** A record is there and its layer is not: it was evicted. */
  | { readonly type: 'incomplete'; readonly backend: string; readonly key: CacheKey; readonly digest: Digest }
  | { readonly type: 'expired'; readonly backend: string; readonly key: CacheKey; readonly created: Date }
  /** A record has no signature that this cache trusts, or is in a scope that this cache does not read. */
  | { readonly type: 'untrusted'; readonly backend: string; readonly key: CacheKey; readonly reason: UntrustedReason }
  /** A later version wrote the entry, or it is no cache entry at all. */
  | { readonly type: 'unreadable'; readonly backend: string; readonly key: CacheKey; readonly reason: string }
  /** A step made another result from the same inputs. The first result was kept. */
  | {
      readonly type: 'non-deterministic';
      readonly backend: string;
      readonly key: CacheKey;
      readonly kept: Digest;
      readonly offered: Digest;
    }
  /** The cache cannot be written. Reported once for each cache. */
  | { readonly type: 'read-only'; readonly backend: string; readonly reason: string };

export type UntrustedReason = 'unsigned' | 'unknown-signer' | 'bad-signature' | 'other-key' | 'other-scope';

/** Called while a build waits: it must return at once and never throw. */
export type CacheEventListener = (event: CacheEvent) => void;

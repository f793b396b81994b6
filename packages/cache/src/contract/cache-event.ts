import type { Digest } from '@shale/core';
import type { CacheKey } from '../keys/cache-key.ts';

/** What a cache met on its way. None of it fails a build; `explain` and reports turn it into reasons. */
export type CacheEvent =
  /** A record or a blob is not what it was: it was put aside and counts as a miss. */
  | {
      readonly type: 'corrupt';
      readonly backend: string;
      readonly key?: CacheKey | undefined;
      readonly digest?: Digest | undefined;
      readonly error: unknown;
    }
  /** A record whose layer is gone: evicted. */
  | { readonly type: 'incomplete'; readonly backend: string; readonly key: CacheKey; readonly digest: Digest }
  | { readonly type: 'expired'; readonly backend: string; readonly key: CacheKey; readonly created: Date }
  /** A record without a signature that this cache trusts, or of a scope that it does not read. */
  | { readonly type: 'untrusted'; readonly backend: string; readonly key: CacheKey; readonly reason: UntrustedReason }
  /** Written by a later version, or no cache entry at all. */
  | { readonly type: 'unreadable'; readonly backend: string; readonly key: CacheKey; readonly reason: string }
  /** A step made another result from the same inputs. The first one stays. */
  | {
      readonly type: 'non-deterministic';
      readonly backend: string;
      readonly key: CacheKey;
      readonly kept: Digest;
      readonly offered: Digest;
    }
  /** Nothing is written here. Once a cache. */
  | { readonly type: 'read-only'; readonly backend: string; readonly reason: string };

export type UntrustedReason = 'unsigned' | 'unknown-signer' | 'bad-signature' | 'other-key' | 'other-scope';

/** Called from the hot path: returns at once, never throws. */
export type CacheEventListener = (event: CacheEvent) => void;

import type { KeyObject } from 'node:crypto';
import { ageMs } from '@shale/core/files';
import type { CacheEvent, UntrustedReason } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from './record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { parseScope, UNSCOPED } from '../contract/cache-scope.ts';
import { checkSignature } from './record-signature.ts';

/** Which entries a cache believes, and as whom it writes. */
export interface CacheTrust {
  /** Where this cache writes and looks first. @default the entries without scope */
  readonly scope?: CacheScope | undefined;
  /** Looked at after `scope`, in this order; `''` is the entries without scope. Never written. @default none */
  readonly trustedScopes?: readonly CacheScope[] | undefined;
  /** Ed25519 private key that signs what is written. */
  readonly signKey?: KeyObject | undefined;
  /** Ed25519 public keys: when given, only entries signed by one of them are used. Two at once make a rotation. */
  readonly trustKeys?: readonly KeyObject[] | undefined;
}

export interface RecordPolicyOptions {
  /**
   * Age in milliseconds at which an entry is a miss; 0 makes all of them misses, and so does any limit an entry from the
   * future. @default no limit
   */
  readonly ttlMs?: number | undefined;
  readonly trust?: CacheTrust | undefined;
}

export interface RecordPolicy {
  readonly ownScope: CacheScope;
  /** Own first. */
  readonly readScopes: readonly CacheScope[];
  readonly signKey: KeyObject | undefined;
  /** Why the record is a miss for this key; `undefined` when it may be used. */
  refusal(backend: string, key: CacheKey, stored: StoredRecord): CacheEvent | undefined;
}

export function recordPolicy({ ttlMs, trust = {} }: RecordPolicyOptions): RecordPolicy {
  const ownScope = checkedScope(trust.scope ?? UNSCOPED);
  const readScopes = [...new Set([ownScope, ...(trust.trustedScopes ?? []).map(checkedScope)])];
  const untrusted = (key: CacheKey, stored: StoredRecord): UntrustedReason | undefined => {
    if (stored.key !== undefined && stored.key !== key) return 'other-key';
    if (!readScopes.includes(stored.scope)) return 'other-scope';
    return trust.trustKeys === undefined ? undefined : checkSignature(stored.manifest, trust.trustKeys);
  };
  return {
    ownScope,
    readScopes,
    signKey: trust.signKey,
    refusal(backend, key, stored) {
      const reason = untrusted(key, stored);
      if (reason !== undefined) return { type: 'untrusted', backend, key, reason };
      const { created } = stored.record;
      const isExpired = ttlMs !== undefined && ageMs(created.getTime()) >= ttlMs;
      return isExpired ? { type: 'expired', backend, key, created } : undefined;
    },
  };
}

const checkedScope = (scope: CacheScope) => (scope === UNSCOPED ? scope : parseScope(scope));

import type { KeyObject } from 'node:crypto';
import { ageMs } from '@shale/core/files';
import type { CacheEvent, UntrustedReason } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from './record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { parseScope, UNSCOPED } from '../contract/cache-scope.ts';
import { checkSignature } from './record-signature.ts';

/** Which entries a cache trusts, and how it signs its own. */
export interface CacheTrust {
  /** The scope that this cache writes to and reads first. @default the entries without scope */
  readonly scope?: CacheScope | undefined;
  /** Scopes that are read after `scope`, in this order, and never written; `''` is that of entries without one. @default none */
  readonly trustedScopes?: readonly CacheScope[] | undefined;
  /** The Ed25519 private key that signs new entries. */
  readonly signKey?: KeyObject | undefined;
  /**
   * Ed25519 public keys: only entries that one of them signed are used. To rotate keys, give the old and the new one.
   * @default any entry is used
   */
  readonly trustKeys?: readonly KeyObject[] | undefined;
}

export interface RecordPolicyOptions {
  /**
   * The age at which an entry expires, in milliseconds; 0 expires every entry. An entry whose time lies in the future has
   * expired, too. @default no limit
   */
  readonly ttlMs?: number | undefined;
  readonly trust?: CacheTrust | undefined;
}

export interface RecordPolicy {
  readonly ownScope: CacheScope;
  /** The own scope first. */
  readonly readScopes: readonly CacheScope[];
  readonly signKey: KeyObject | undefined;
  /** Why the record is a miss for this key. @returns `undefined` when the record may be used. */
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

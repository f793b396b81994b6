import { sha256 } from '@shale/core';
import type { CacheEntry } from '../contract/cache-backend.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { FormattedRecord } from './record-manifest.ts';
import { formatCacheRecord, formatRecordConfig, parseCacheRecord } from './record-manifest.ts';
import type { RecordPolicy } from './record-policy.ts';
import { signRecord } from './record-signature.ts';

/**
 * The record that a cache stores for an entry. A record from another cache that this policy accepts keeps its bytes, and so
 * the signature of its author. Any other record is written and signed by this cache.
 */
export function recordToStore(key: CacheKey, entry: CacheEntry, policy: RecordPolicy): FormattedRecord {
  const { layer, record } = entry;
  const kept = keepRecord(key, entry, policy);
  if (kept !== undefined) return kept;
  const { signKey, ownScope: scope } = policy;
  return formatCacheRecord(key, layer, record, {
    scope,
    ...(signKey && { sign: (unsigned) => signRecord(unsigned, signKey) }),
  });
}

function keepRecord(key: CacheKey, entry: CacheEntry, policy: RecordPolicy): FormattedRecord | undefined {
  if (entry.manifest === undefined) return undefined;
  const parsed = parseCacheRecord(entry.manifest);
  if (parsed.kind !== 'record' || policy.refusal('', key, parsed.stored) !== undefined) return undefined;
  const { config } = parsed.stored.manifest;
  const configBytes = formatRecordConfig(parsed.stored.layer, parsed.stored.record);
  return sha256(configBytes) === config.digest ? { raw: entry.manifest, config, configBytes } : undefined;
}

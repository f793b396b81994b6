import { digestHex, ShaleError } from '@shale/core';
import type { CacheKey } from '../keys/cache-key.ts';

/** A name space of entries, such as `main` or `pr/12`. A writer writes to one; readers choose which ones to read. */
export type CacheScope = string;

/** The scope of caches without scopes. Its entries have their key alone as name. */
export const UNSCOPED: CacheScope = '';

/** `-` ends the scope in a tag, and some stores do not distinguish upper case: neither may occur. A tag has room for 60. */
const GRAMMAR = /^[a-z0-9][a-z0-9._]*(?:\/[a-z0-9._]+)*$/;
const MAX_LENGTH = 60;

export class CacheScopeError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/**
 * Checks the name of a scope.
 * @throws {CacheScopeError}
 * @example parseScope('pr/12')
 */
export function parseScope(text: string): CacheScope {
  if (text.length <= MAX_LENGTH && GRAMMAR.test(text)) return text;
  throw new CacheScopeError(`Invalid cache scope: ${JSON.stringify(text.slice(0, 100))}`, {
    hint: `Write at most ${MAX_LENGTH} of a-z, 0-9, ".", "_" and "/", as in pr/12.`,
  });
}

/** The tag of an entry in a registry, and its file name in a directory. Different pairs have different tags. */
export function entryTag(key: CacheKey, scope: CacheScope = UNSCOPED): string {
  const hex = digestHex(key);
  return scope === UNSCOPED ? hex : `${scope.replaceAll('/', '-')}-${hex}`;
}

const ENTRY_TAG = /^(?:(?<scope>[a-z0-9._-]{1,60})-)?(?<hex>[0-9a-f]{64})$/;

/** @returns `undefined` for a tag that is not that of an entry. */
export function parseEntryTag(tag: string): { readonly key: CacheKey; readonly scope: CacheScope } | undefined {
  const groups = ENTRY_TAG.exec(tag)?.groups;
  if (groups?.['hex'] === undefined) return undefined;
  return { key: `sha256:${groups['hex']}`, scope: (groups['scope'] ?? UNSCOPED).replaceAll('-', '/') };
}

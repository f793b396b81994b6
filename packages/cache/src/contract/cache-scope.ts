import { digestHex, ShaleError } from '@shale/core';
import type { CacheKey } from '../keys/cache-key.ts';

/** The name space that a writer writes to and that readers choose to read: `main`, `pr/12`. */
export type CacheScope = string;

/** The scope of caches that use none. Its entries are named by their key alone. */
export const UNSCOPED: CacheScope = '';

/** No `-`, which ends a scope in a tag; no upper case, which some stores fold. Short enough for a tag with its key. */
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
  throw new CacheScopeError(`Not a cache scope: ${JSON.stringify(text.slice(0, 100))}`, {
    hint: `Write at most ${MAX_LENGTH} of a-z, 0-9, ".", "_" and "/", as in pr/12.`,
  });
}

/** The tag in a registry and the file name in a directory. Different pairs have different tags. */
export function entryTag(key: CacheKey, scope: CacheScope = UNSCOPED): string {
  const hex = digestHex(key);
  return scope === UNSCOPED ? hex : `${scope.replaceAll('/', '-')}-${hex}`;
}

const ENTRY_TAG = /^(?:(?<scope>[a-z0-9._-]{1,60})-)?(?<hex>[0-9a-f]{64})$/;

/** `undefined` for a tag that names no entry. */
export function parseEntryTag(tag: string): { readonly key: CacheKey; readonly scope: CacheScope } | undefined {
  const groups = ENTRY_TAG.exec(tag)?.groups;
  if (groups?.['hex'] === undefined) return undefined;
  return { key: `sha256:${groups['hex']}`, scope: (groups['scope'] ?? UNSCOPED).replaceAll('-', '/') };
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CacheTrust, parseScope, parseSignKey, parseTrustKey, UNSCOPED } from '@shale/cache';
import { UsageError } from '../errors/usage-error.ts';
import type { TrustOptions } from './wants-trust.ts';

const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g;

/** Reads the keys and scopes that the options name. @throws {UsageError} @throws {SignatureKeyError} @throws {CacheScopeError} */
export function readCacheTrust(options: TrustOptions, cwd: string): CacheTrust {
  const { cacheSignKey, cacheTrustKey, cacheScope, cacheTrustedScope } = options;
  const read = (flag: string, file: string) => readKeyFile(flag, resolve(cwd, file));
  const trusted = cacheTrustKey.flatMap((file) => pemBlocks(read('--cache-trust-key', file)));
  return {
    scope: cacheScope === undefined ? undefined : parseScope(cacheScope),
    trustedScopes: cacheTrustedScope.map((name) => (name === '' ? UNSCOPED : parseScope(name))),
    signKey: cacheSignKey === undefined ? undefined : parseSignKey(read('--cache-sign-key', cacheSignKey)),
    trustKeys: cacheTrustKey.length === 0 ? undefined : trusted.map(parseTrustKey),
  };
}

function readKeyFile(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(`${flag} names ${path}, which cannot be read (${code})`, { cause });
  }
}

/** A file may hold several keys, so that they can be rotated. */
function pemBlocks(text: string): readonly string[] {
  return text.match(PEM_BLOCK) ?? [text];
}

import type { CacheKey } from '@shale/cache';
import { type CallOptions, digestHex, isDigest, ShaleError } from '@shale/core';
import { readCachedLayers } from './cached-layer.ts';
import type { CachePlace } from './place.ts';

class CacheKeyUnknownError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** Whole keys from their first digits. @throws {CacheKeyUnknownError} when there is none, or several. */
export async function resolveKeys(
  place: CachePlace,
  prefixes: readonly string[],
  options: CallOptions,
): Promise<readonly CacheKey[]> {
  const known = [...new Set((await readCachedLayers(place, options)).map(({ key }) => key))];
  return prefixes.map((text) => {
    const prefix = text.replace(/^sha256:/, '');
    const whole = `sha256:${prefix}`;
    if (isDigest(whole)) return whole;
    const [found, another] = known.filter((key) => digestHex(key).startsWith(prefix));
    if (found !== undefined && another === undefined) return found;
    const problem = found === undefined ? `No entry of ${place.name} has` : `Several entries of ${place.name} have`;
    throw new CacheKeyUnknownError(`${problem} a key that begins with ${JSON.stringify(text)}`, {
      hint: '`shale cache ls` shows the keys.',
    });
  });
}

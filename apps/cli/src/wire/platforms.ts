import { formatPlatform, hostPlatform, parsePlatform, type Platform } from '@shale/core';

/**
 * Reads the values of `--platform`. Each names one platform or several; duplicates are dropped. `local` is this machine's.
 * @throws {PlatformInvalidError}
 * @example parsePlatforms(['linux/amd64,linux/arm64'])
 */
export function parsePlatforms(texts: readonly string[]): readonly Platform[] {
  const parsed = texts
    .flatMap((text) => text.split(','))
    .map((text) => (text === 'local' ? hostPlatform() : parsePlatform(text.trim())));
  return [...new Map(parsed.map((platform) => [formatPlatform(platform), platform])).values()];
}

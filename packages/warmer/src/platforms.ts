import { hostPlatform, parsePlatform, type Platform } from '@shale/core';

/**
 * Reads lists of platforms. `all` stands for every platform of an image, and no text for that of this machine.
 * @throws {PlatformInvalidError}
 * @example parsePlatforms(['linux/amd64,linux/arm64'])
 */
export function parsePlatforms(texts: readonly string[]): readonly Platform[] | 'all' {
  if (texts.length === 0) return [hostPlatform()];
  if (texts.includes('all')) return 'all';
  return texts.flatMap((text) => text.split(',')).map((text) => parsePlatform(text.trim()));
}

/** The platforms for which Dockerfiles are read: this machine's unless some are given. */
export function buildPlatforms(platforms: readonly Platform[] | 'all'): readonly Platform[] {
  return platforms === 'all' ? [hostPlatform()] : platforms;
}

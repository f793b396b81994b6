import { parseReference, type Platform } from '@shale/core';
import { parsePlatforms } from './platforms.ts';
import type { WarmTarget } from './warm-plan.ts';

/**
 * Reads a list of images: one image a line, optionally followed by its platforms. `#` begins a comment.
 * @throws {ReferenceInvalidError} @throws {PlatformInvalidError}
 * @example parseImageList('debian:12 linux/amd64,linux/arm64\nalpine:3.20 # small\n', [hostPlatform()])
 */
export function parseImageList(text: string, platforms: readonly Platform[] | 'all'): readonly WarmTarget[] {
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [image = '', own] = line.split(/\s+/);
      return { reference: parseReference(image), platforms: own === undefined ? platforms : parsePlatforms([own]) };
    });
}

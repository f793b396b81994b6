import { formatPlatform, formatReference, type Platform, type Reference } from '@shale/core';

/** An image to warm. */
export interface WarmTarget {
  readonly reference: Reference;
  /** `all` stands for every platform of the image. */
  readonly platforms: readonly Platform[] | 'all';
}

/** Joins targets of the same image, with all their platforms, in the order of first mention. */
export function mergeTargets(targets: readonly WarmTarget[]): readonly WarmTarget[] {
  const merged = new Map<string, WarmTarget>();
  for (const target of targets) {
    const id = formatReference(target.reference);
    const known = merged.get(id);
    merged.set(id, known === undefined ? target : { ...known, platforms: union(known.platforms, target.platforms) });
  }
  return [...merged.values()].map(({ reference, platforms }) => ({ reference, platforms: union(platforms, []) }));
}

function union(a: WarmTarget['platforms'], b: WarmTarget['platforms']): WarmTarget['platforms'] {
  if (a === 'all' || b === 'all') return 'all';
  return [...new Map([...a, ...b].map((platform) => [formatPlatform(platform), platform])).values()];
}

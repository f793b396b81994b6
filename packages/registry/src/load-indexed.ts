import type { CallOptions, Image, ImageIndex, ImageOrigin, ImageStore } from '@shale/core';
import { hostPlatform, isIndexType, loadImage, parseManifest } from '@shale/core';
import type { IndexedImages } from './copy.ts';

/**
 * Loads all platforms that a tag or digest names: an image, or an index with its images.
 * @returns `undefined` where the store has no such tag or digest.
 * @example const images = await loadIndexed(openLayout('out'), 'v1', { origin: { source: 'layout', name: 'out:v1' } });
 */
export async function loadIndexed(
  store: ImageStore,
  tagOrDigest: string,
  options: CallOptions & { readonly origin: ImageOrigin },
): Promise<Image | IndexedImages | undefined> {
  const top = await store.getManifest(tagOrDigest, options);
  if (top === undefined) return undefined;
  if (!isIndexType(top.mediaType)) return loadImage(store, top.digest, { platform: hostPlatform(), ...options });
  const { manifests } = parseManifest(top) as ImageIndex;
  const images = await Promise.all(
    manifests.map(({ digest, platform = hostPlatform() }) => loadImage(store, digest, { platform, ...options })),
  );
  return { index: top, images: images.filter((image) => image !== undefined) };
}

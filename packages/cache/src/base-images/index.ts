/** Base images in a directory that a warmer fills: reading them, and the format that a warmer writes. @module */
export { baseImageCache, type BaseImageCacheEvent, type BaseImageCacheOptions } from './base-image-cache.ts';
export {
  formatWarmedPointer,
  MAX_POINTER_BYTES,
  parseWarmedPointer,
  type WarmedPaths,
  warmedPaths,
  type WarmedPointer,
} from './warmed-format.ts';

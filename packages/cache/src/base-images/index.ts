/** Reads base images from a directory that a warmer fills, and defines the format of the directory. @module */
export { baseImageCache, type BaseImageCacheEvent, type BaseImageCacheOptions } from './base-image-cache.ts';
export {
  formatWarmedPointer,
  MAX_POINTER_BYTES,
  parseWarmedPointer,
  type WarmedPaths,
  warmedPaths,
  type WarmedPointer,
} from './warmed-format.ts';

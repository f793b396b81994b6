export { unpackFeature, type UnpackFeatureOptions } from './feature-archive.ts';
export { FeatureInvalidError, FeaturesCircularError, FeatureUnavailableError } from './feature-error.ts';
export type { FeatureMetadata } from './feature-metadata.ts';
export { optionVariables } from './feature-options.ts';
export type { FeatureSource } from './feature-source.ts';
export {
  formatLockfile,
  isLockfileCurrent,
  type Lockfile,
  LockfileMismatchError,
  lockFeatures,
  lockfilePath,
  parseLockfile,
  readLockfile,
  requireFrozen,
} from './lockfile.ts';
export { type FeatureNode, resolveFeatures, type ResolveFeaturesOptions } from './resolve-features.ts';
export type { FeatureOrigin, ResolvedFeature } from './resolved-feature.ts';

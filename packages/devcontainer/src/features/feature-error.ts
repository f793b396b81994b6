import { ShaleError, type ShaleErrorOptions } from '@shale/core';

/** A name that names no feature, or files that are not those of a feature. */
export class FeatureInvalidError extends ShaleError {
  readonly code = 'FEATURE_INVALID';
}

/** A feature that cannot be fetched; `cause` says why. */
export class FeatureUnavailableError extends ShaleError {
  readonly code = 'FEATURE_UNAVAILABLE';
  /** As it is written in devcontainer.json, or by the feature that depends on it. */
  readonly feature: string;

  constructor(feature: string, why: string, options?: ShaleErrorOptions) {
    super(`Feature ${JSON.stringify(feature)} cannot be fetched: ${why}`, options);
    this.feature = feature;
  }
}

/** Features that wait for each other. */
export class FeaturesCircularError extends ShaleError {
  readonly code = 'FEATURES_CIRCULAR';
  /** Each waits for the next, and the last for the first. */
  readonly circle: readonly string[];

  constructor(circle: readonly string[]) {
    super(`Features wait for each other: ${[...circle, circle[0]].join(' -> ')}`);
    this.circle = circle;
  }
}

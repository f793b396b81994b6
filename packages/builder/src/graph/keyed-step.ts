import type { CacheEntry, CacheInput, CacheKey } from '@shale/cache';
import type { StepInfo } from '@shale/core';

/** A step with its key: what explanations and reports are made of. */
export interface KeyedStep {
  readonly step: StepInfo;
  readonly key: CacheKey;
  /** Hashed and named. */
  readonly inputs: readonly CacheInput[];
  readonly hit: CacheEntry | undefined;
  /** The cache was not asked. */
  readonly isBypassed: boolean;
  /** Ids of the steps that it is made from. */
  readonly dependsOn: readonly string[];
  /** What some of the inputs hold, by their names: variables, and the base image. They may be confidential. */
  values(): Readonly<Record<string, string>>;
}

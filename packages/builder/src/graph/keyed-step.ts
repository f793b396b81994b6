import type { CacheEntry, CacheInput, CacheKey } from '@shale/cache';
import type { StepInfo } from '@shale/core';

/** A step with its key, for explanations and reports. */
export interface KeyedStep {
  readonly step: StepInfo;
  readonly key: CacheKey;
  /** The inputs of the key, by name and hash. */
  readonly inputs: readonly CacheInput[];
  readonly hit: CacheEntry | undefined;
  /** Whether the step skipped the cache lookup. */
  readonly isBypassed: boolean;
  /** Ids of the steps whose trees it reads. */
  readonly dependsOn: readonly string[];
  /** Values of some inputs, by name: variables, and the base image. They may be confidential. */
  values(): Readonly<Record<string, string>>;
}

import type { CacheKey } from '@shale/cache';
import type { Digest, Image, ImageSource, Platform, StepInfo } from '@shale/core';
import type { Exporter } from '../exporters/exporter.ts';
import type { Entitlement } from '../graph/build-graph.ts';
import type { BuildContext, NamedContext } from '../graph/context.ts';
import type { LookUpOptions } from '../keys/look-up.ts';
import type { ExecutionOptions } from '../run/execute-step.ts';

/** Options of a build. Options that only lower rooms read are declared there: `keys/look-up.ts` and `run/execute-step.ts`. */
export interface BuildOptions extends LookUpOptions, ExecutionOptions {
  /** What COPY and ADD read. */
  readonly context: BuildContext;
  /** More contexts, by the name that `COPY --from`, `FROM` and mounts use. */
  readonly namedContexts?: ReadonlyMap<string, NamedContext> | undefined;
  /** Stage name or index. @default the last stage */
  readonly target?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** Added last: they override LABEL. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** @default the host's */
  readonly platform?: Platform | undefined;
  /** Stages whose steps skip the cache lookup, or `true` for all. Their results are still stored. @default false */
  readonly noCache?: boolean | readonly string[] | undefined;
  /** Sources of base images, asked in this order. */
  readonly images: readonly ImageSource[];
  /** How many steps may run at once. @default 4 */
  readonly concurrency?: number | undefined;
  /** The network of RUN steps without `--network`. @default 'host' */
  readonly network?: 'host' | 'none' | undefined;
  /** Privileges that RUN may ask for. @default none */
  readonly entitlements?: readonly Entitlement[] | undefined;
  /** Called after the cache lookup, before the first step runs. An error that it throws fails the build. */
  readonly beforeSteps?: (() => Promise<void> | void) | undefined;
  /** The family of media types of the image and its index. @default 'oci' */
  readonly mediaTypes?: 'oci' | 'docker' | undefined;
  /** Called with the finished image, one after another. */
  readonly exporters?: readonly Exporter[] | undefined;
}

/** Where the layer of a step came from. */
export interface StepReport {
  readonly step: StepInfo;
  readonly key: CacheKey;
  readonly outcome: 'cached' | 'ran';
  /** The cache tier that had the layer. */
  readonly origin?: string | undefined;
  readonly durationMs: number;
  /** The builder that made the layer: this one, or the one that cached it. */
  readonly builder: string;
  readonly created: Date;
  /** How long the step ran when it was cached. */
  readonly savedMs?: number | undefined;
  readonly layer: Digest;
  readonly sizeBytes: number;
}

export interface BuildResult {
  readonly image: Image;
  readonly steps: readonly StepReport[];
}

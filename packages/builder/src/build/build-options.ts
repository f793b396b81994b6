import type { CacheKey } from '@shale/cache';
import type { Digest, Image, ImageSource, Platform, StepInfo } from '@shale/core';
import type { Exporter } from '../exporters/exporter.ts';
import type { Entitlement } from '../graph/build-graph.ts';
import type { BuildContext, NamedContext } from '../graph/context.ts';
import type { LookUpOptions } from '../keys/look-up.ts';
import type { ExecutionOptions } from '../run/execute-step.ts';

/** What to build and with what. What only the lower floors read is declared there: looking up, and executing steps. */
export interface BuildOptions extends LookUpOptions, ExecutionOptions {
  /** What COPY and ADD read. */
  readonly context: BuildContext;
  /** More contexts, by the name that `COPY --from`, `FROM` and mounts use. */
  readonly namedContexts?: ReadonlyMap<string, NamedContext> | undefined;
  /** Stage name or index. @default the last stage */
  readonly target?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** Applied last: they win over LABEL. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** @default the host's */
  readonly platform?: Platform | undefined;
  /** Do not read the cache for these stages, or for any; results are still stored. @default false */
  readonly noCache?: boolean | readonly string[] | undefined;
  /** Where base images are looked for, in this order. */
  readonly images: readonly ImageSource[];
  /** Steps that run at once. @default 4 */
  readonly concurrency?: number | undefined;
  /** What `RUN` without `--network` gets. @default 'host' */
  readonly network?: 'host' | 'none' | undefined;
  /** What RUN may ask for beyond a sandbox. @default none */
  readonly entitlements?: readonly Entitlement[] | undefined;
  /** Called when all is planned and looked up, before the first step runs. What it throws ends the build. */
  readonly beforeSteps?: (() => Promise<void> | void) | undefined;
  /** The family of media types that the image and its index have. @default 'oci' */
  readonly mediaTypes?: 'oci' | 'docker' | undefined;
  /** Where the image goes when it is built, one after another. */
  readonly exporters?: readonly Exporter[] | undefined;
}

/** How a step came to its layer. */
export interface StepReport {
  readonly step: StepInfo;
  readonly key: CacheKey;
  readonly outcome: 'cached' | 'ran';
  /** Which cache tier answered. */
  readonly origin?: string | undefined;
  readonly durationMs: number;
  /** Who made the layer, and when: this build or the one that cached it. */
  readonly builder: string;
  readonly created: Date;
  /** What a hit saved, in milliseconds. */
  readonly savedMs?: number | undefined;
  readonly layer: Digest;
  readonly sizeBytes: number;
}

export interface BuildResult {
  readonly image: Image;
  readonly steps: readonly StepReport[];
}

import type { CallOptions, ImageSource, Platform, ProgressListener } from '@shale/core';
import type { Dockerfile } from '@shale/dockerfile-parser';
import type { BaseNode, Entitlement, PlannedStage } from '../graph/build-graph.ts';
import type { BuildContext } from '../graph/context.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import type { BaseImages } from './base-images.ts';
import type { NamedContexts } from './named-context.ts';

export interface PlanOptions extends CallOptions {
  readonly source: DockerfileSource;
  readonly context: BuildContext;
  readonly namedContexts: NamedContexts;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly noCache: boolean | readonly string[];
  readonly network: 'host' | 'none';
  readonly entitlements: readonly Entitlement[];
  readonly images: readonly ImageSource[];
  readonly onProgress: ProgressListener;
  /** For several plans of one build that share base images. @default a new one */
  readonly bases?: BaseImages | undefined;
  /** Whether `platform` is a default that the user did not choose. @default false */
  readonly isPlatformImplicit?: boolean | undefined;
  /** Whether names of stages include their platform, for builds of several platforms. @default false */
  readonly isPlatformNamed?: boolean | undefined;
}

/** What the stages of one plan share. */
export interface Planning {
  readonly dockerfile: Dockerfile;
  readonly options: PlanOptions;
  readonly bases: BaseImages;
  /** ARGs before the first FROM, and predefined ones. */
  readonly globalArgs: ReadonlyMap<string, string>;
  /** Plans a stage on the first call; later calls return the same plan. */
  stage(index: number): Promise<PlannedStage>;
  /** Resolves an image, for FROM, `COPY --from` and mounts. */
  image(name: string, platform: Platform): Promise<BaseNode>;
}

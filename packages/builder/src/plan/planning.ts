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
  /** Shared between the plans of one build. @default one of its own */
  readonly bases?: BaseImages | undefined;
  /** Nobody asked for the platform. @default false */
  readonly isPlatformImplicit?: boolean | undefined;
  /** The names of stages say their platform: there are several. @default false */
  readonly isPlatformNamed?: boolean | undefined;
}

/** What every stage's planning shares. */
export interface Planning {
  readonly dockerfile: Dockerfile;
  readonly options: PlanOptions;
  readonly bases: BaseImages;
  /** ARGs from before the first FROM, and the automatic ones. */
  readonly globalArgs: ReadonlyMap<string, string>;
  /** Plans a stage once, when something needs it. */
  stage(index: number): Promise<PlannedStage>;
  /** An image as a base, for FROM, `COPY --from` and mounts. */
  image(name: string, platform: Platform): Promise<BaseNode>;
}

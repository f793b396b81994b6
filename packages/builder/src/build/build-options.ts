import type { CacheBackend, CacheEntry, CacheInput, CacheKey } from '@shale/cache';
import type {
  CallOptions,
  Digest,
  Image,
  ImageSource,
  LocalBlobStore,
  Platform,
  ProgressListener,
  StepInfo,
} from '@shale/core';
import type { BuildContext } from '../graph/context.ts';
import type { FetchUrl } from '../copy/download.ts';
import type { Isolation } from '../isolation/choose.ts';
import type { Exporter } from '../exporters/exporter.ts';
import type { SecretSource } from '../graph/secrets.ts';
import type { LayerCompression } from '../snapshotters/snapshotter.ts';

export interface BuildOptions extends CallOptions {
  readonly dockerfile: DockerfileSource;
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
  readonly cache: CacheBackend;
  /** Where new layers go before they are exported. */
  readonly store: LocalBlobStore;
  /** Private files of builds: snapshots, the stat cache. */
  readonly stateDir: string;
  /** Where the directories of `RUN --mount=type=cache` are, in `cache-mounts`. @default stateDir */
  readonly cacheMountDir?: string | undefined;
  /** Called when a step must run; a build that is cached in full never asks. */
  readonly isolation: () => Promise<Isolation>;
  /** @default gzip, level 1 */
  readonly compression?: LayerCompression | undefined;
  /** Steps that run at once. @default 4 */
  readonly concurrency?: number | undefined;
  /** Seconds since the epoch: fixes `created`, history and clamps the times of new files. */
  readonly sourceDateEpoch?: number | undefined;
  readonly secrets?: ReadonlyMap<string, SecretSource> | undefined;
  /** Agent sockets by id. */
  readonly ssh?: ReadonlyMap<string, string> | undefined;
  /** What `RUN` without `--network` gets. @default 'host' */
  readonly network?: 'host' | 'none' | undefined;
  /** What RUN may ask for beyond a sandbox. @default none */
  readonly entitlements?: readonly Entitlement[] | undefined;
  /** For `ADD https://…`. Without it such a source is an error. */
  readonly fetchUrl?: FetchUrl | undefined;
  /** For the git of `ADD https://….git`: `PATH`, `HOME`, `SSH_AUTH_SOCK`, proxies and the like. */
  readonly gitEnvironment?: Readonly<Record<string, string>> | undefined;
  /** Recorded with each cache entry as its origin. @default the host name */
  readonly builder?: string | undefined;
  /** Called when all is planned and looked up, before the first step runs. What it throws ends the build. */
  readonly beforeSteps?: (() => Promise<void> | void) | undefined;
  /** The family of media types that the image and its index have. @default 'oci' */
  readonly mediaTypes?: 'oci' | 'docker' | undefined;
  /** Where the image goes when it is built, one after another. */
  readonly exporters?: readonly Exporter[] | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** Called once, with every step, when the cache has been asked and before anything runs. */
  readonly onKeyed?: ((steps: readonly KeyedStep[]) => void) | undefined;
}

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

/** As BuildKit names them: `RUN --security=insecure`, and `RUN --network=host` where the build has no network. */
export type Entitlement = 'network.host' | 'security.insecure';

export interface DockerfileSource {
  /** For messages: the path as the user gave it. */
  readonly name: string;
  readonly text: string;
}

export type NamedContext =
  | { readonly type: 'directory'; readonly context: BuildContext }
  | { readonly type: 'image'; readonly reference: string };

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

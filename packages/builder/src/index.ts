export { BaseImageMissingError } from './plan/base-images.ts';
export { assembleStage, build, planAndLookUp, planTarget } from './build/build.ts';
export {
  buildIndex,
  type BuildIndexOptions,
  type BuildIndexResult,
  IndexNotExportableError,
} from './build/build-index.ts';
export type { PlannedStage, StepNode } from './graph/build-graph.ts';
export type { BuildOptions, BuildResult, StepReport } from './build/build-options.ts';
export type { DockerfileSource } from './graph/dockerfile-source.ts';
export type { Entitlement } from './graph/build-graph.ts';
export type { KeyedStep } from './graph/keyed-step.ts';
export type { NamedContext } from './graph/context.ts';
export { type BuildContext, ContextInvalidError } from './graph/context.ts';
export { type DirectoryContextOptions, openDirectoryContext } from './context/directory-context.ts';
export { findDockerfile, type FindDockerfileOptions, type FoundDockerfile } from './context/find-dockerfile.ts';
export { type GitContextOptions, openGitContext } from './context/git-context.ts';
export { ignoreRules } from './context/ignore-rules.ts';
export { openTarContext, type TarContextOptions } from './context/tar-context.ts';
export { AddSourceError, type FetchResponse, type FetchUrl } from './copy/download.ts';
export { gitAuthorization } from './copy/source-credentials.ts';
export { SourceMissingError } from './copy/sources.ts';
export type { Executor, RunProcessOptions, StepMount, StepProcess } from './executors/executor.ts';
export type { ProcessUser } from './tree/users.ts';
export type { BuiltImage, BuiltIndex, BuiltPlatform, Exporter } from './exporters/exporter.ts';
export { directoryExporter, tarballExporter } from './exporters/tree-exporter.ts';
export {
  chooseIsolation,
  type ChooseIsolationOptions,
  type Isolation,
  IsolationUnavailableError,
} from './isolation/choose.ts';
export { enterPrivateMounts } from './host/private-mounts.ts';
export { runInUserNamespace, type UserNamespaceOptions, wantsUserNamespace } from './host/user-namespace.ts';
export { locateDockerfileError } from './graph/locate-error.ts';
export type { LookedUpPlan } from './keys/look-up.ts';
export type { PlanOptions } from './plan/planning.ts';
export { probe, type ProbedStep, type ProbeResult } from './build/probe.ts';
export {
  type CacheMountUsage,
  cacheMountUsage,
  pruneCacheMounts,
  type PruneCacheMountsOptions,
} from './snapshotters/prune-cache-mounts.ts';
export { isInContainer, NotInContainerError } from './host/container.ts';
export { recoverRoot, replaceRoot, type ReplaceRootOptions } from './executors/replace-root.ts';
export type { SecretSource } from './graph/secrets.ts';
export type {
  CommitOptions,
  LayerCompression,
  Snapshotter,
  TreeView,
  WorkingTree,
} from './snapshotters/snapshotter.ts';
export type { PackingStack, LayerStack, PackingLayer, StackedLayer } from './graph/layer-stack.ts';
export type { StepResult } from './graph/step-result.ts';
export { StepFailedError } from './steps/run-step.ts';
export {
  pruneSnapshots,
  type PruneSnapshotsOptions,
  type SnapshotUsage,
  snapshotUsage,
} from './snapshotters/prune-snapshots.ts';
export { type ResolvedUser, resolveUser, UserUnknownError } from './tree/users.ts';

/** Builds Dockerfiles without a daemon. @module */
export { build } from './build/build.ts';
export {
  buildIndex,
  type BuildIndexOptions,
  type BuildIndexResult,
  IndexNotExportableError,
} from './build/build-index.ts';
export type { BuildOptions, BuildResult, StepReport } from './build/build-options.ts';
export { probe, type ProbedStep, type ProbeResult } from './build/probe.ts';
export { type DirectoryContextOptions, openDirectoryContext } from './context/directory-context.ts';
export { findDockerfile, type FindDockerfileOptions, type FoundDockerfile } from './context/find-dockerfile.ts';
export { type GitContextOptions, openGitContext } from './context/git-context.ts';
export { ignoreRules } from './context/ignore-rules.ts';
export { openTarContext, type TarContextOptions } from './context/tar-context.ts';
export { AddSourceError, type FetchResponse, type FetchUrl } from './copy/download.ts';
export { gitAuthorization } from './copy/source-credentials.ts';
export { SourceMissingError } from './copy/sources.ts';
export type { BuiltImage, BuiltIndex, BuiltPlatform, Exporter } from './exporters/exporter.ts';
export { directoryExporter, tarballExporter } from './exporters/tree-exporter.ts';
export type { Entitlement } from './graph/build-graph.ts';
export { type BuildContext, ContextInvalidError, type NamedContext } from './graph/context.ts';
export type { DockerfileSource } from './graph/dockerfile-source.ts';
export type { KeyedStep } from './graph/keyed-step.ts';
export type { LayerStack, StackedLayer } from './graph/layer-stack.ts';
export { locateDockerfileError } from './graph/locate-error.ts';
export type { SecretSource } from './graph/secrets.ts';
export { BaseImageMissingError } from './plan/base-images.ts';
export type { LayerCompression } from './snapshotters/snapshotter.ts';
export { StepFailedError } from './steps/run-step.ts';

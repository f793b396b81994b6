export type {
  BuildProperties,
  DevcontainerConfiguration,
  FeatureOptions,
  HostRequirements,
  LifecycleCommand,
  LifecycleHook,
  MergeableProperties,
  Mount,
  UserEnvProbe,
} from './configuration/configuration.ts';
export { type ContainerSource, containerSource, type DockerfileSource } from './configuration/container-source.ts';
export { devcontainerId, devcontainerLabels } from './configuration/devcontainer-id.ts';
export { dockerfileBase, type DockerfileBaseOptions } from './configuration/dockerfile-base.ts';
export {
  type EnvbuilderPlace,
  envbuilderPlace,
  type EnvbuilderPlaceOptions,
} from './configuration/envbuilder-place.ts';
export {
  findConfiguration,
  type FindConfigurationOptions,
  listConfigurations,
  type SearchOrder,
} from './configuration/find-configuration.ts';
export { insideFolder } from './configuration/inside-folder.ts';
export {
  type LoadConfigurationOptions,
  type LoadedConfiguration,
  loadConfiguration,
  parseConfiguration,
} from './configuration/load-configuration.ts';
export {
  type LocalVariables,
  substituteContainerEnv,
  substituteDevcontainerId,
  substituteLocal,
} from './configuration/substitute.ts';
export type { WorkspaceLocation } from './configuration/workspace-location.ts';
export {
  type ConfigurationIssue,
  DevcontainerInvalidError,
  DevcontainerMissingError,
  formatIssue,
} from './devcontainer-error.ts';

import type { DevcontainerConfiguration, MergeableProperties } from '../configuration/configuration.ts';
import { LIFECYCLE_HOOKS } from '../configuration/configuration.ts';
import type { ResolvedFeature } from '../features/resolved-feature.ts';

/** What an image, a feature or a devcontainer.json adds to the merged configuration. */
export interface MetadataEntry extends MergeableProperties {
  /** Of a feature, as devcontainer.json writes it. */
  readonly id?: string | undefined;
  /** A script of a feature that runs when the container starts. */
  readonly entrypoint?: string | undefined;
}

const FEATURE_PROPERTIES = [
  ...LIFECYCLE_HOOKS,
  'init',
  'privileged',
  'capAdd',
  'securityOpt',
  'entrypoint',
  'mounts',
  'customizations',
] as const;

/** In the order in which the official CLI writes them. */
const CONFIGURATION_PROPERTIES = [
  ...LIFECYCLE_HOOKS,
  'waitFor',
  'customizations',
  'mounts',
  'containerEnv',
  'containerUser',
  'init',
  'privileged',
  'capAdd',
  'securityOpt',
  'remoteUser',
  'userEnvProbe',
  'remoteEnv',
  'overrideCommand',
  'portsAttributes',
  'otherPortsAttributes',
  'forwardPorts',
  'shutdownAction',
  'updateRemoteUserUID',
  'hostRequirements',
] as const;

export interface MetadataOptions {
  /** Leaves `remoteEnv` of the configuration out, which may hold what is for this machine only. @default false */
  readonly omitRemoteEnv?: boolean | undefined;
  /** Leaves the customizations of features out. @default false */
  readonly omitFeatureCustomizations?: boolean | undefined;
}

export interface MetadataSources extends MetadataOptions {
  /** Of the base image; see `parseMetadataLabel`. */
  readonly base: readonly MetadataEntry[];
  /** In the order of installation. */
  readonly features: readonly ResolvedFeature[];
  readonly configuration: DevcontainerConfiguration;
}

/** The entries of an image, in the order in which they count: base image, features, devcontainer.json. */
export function metadataEntries(sources: MetadataSources): readonly MetadataEntry[] {
  const { base, features, configuration, omitRemoteEnv = false, omitFeatureCustomizations = false } = sources;
  const ofFeatures = FEATURE_PROPERTIES.filter((name) => !omitFeatureCustomizations || name !== 'customizations');
  const ofConfiguration = CONFIGURATION_PROPERTIES.filter((name) => !omitRemoteEnv || name !== 'remoteEnv');
  return [
    ...base,
    ...features.map(({ id, metadata }) => ({ id, ...pick(metadata, ofFeatures) })),
    pick(configuration, ofConfiguration),
  ].filter((entry) => Object.keys(entry).length > 0);
}

function pick(value: object, names: readonly string[]): MetadataEntry {
  const properties = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(properties, name)).map((name) => [name, properties[name]]),
  );
}

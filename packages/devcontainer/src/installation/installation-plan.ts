import { expandWord } from '@shale/dockerfile-parser';
import type { LoadedConfiguration } from '../configuration/load-configuration.ts';
import { textValues } from '../configuration/container-source.ts';
import { optionVariables } from '../features/feature-options.ts';
import type { ResolvedFeature } from '../features/resolved-feature.ts';
import { type MetadataEntry, metadataEntries, type MetadataOptions } from '../metadata/metadata-entry.ts';
import { formatMetadataLabel } from '../metadata/metadata-label.ts';
import { type DevcontainerUsers, devcontainerUsers, type ImageUser } from '../metadata/users.ts';

/**
 * One step of the image: the feature's folder is copied in, owned by root and with mode 0755, install.sh runs in it, and the
 * folder is removed again.
 */
export interface FeatureInstallation {
  readonly feature: ResolvedFeature;
  /** Tells installations of one feature apart: `node_0`. */
  readonly name: string;
  /** ENV of the image from here on. Values may use variables that are set before: see `featureEnvironment`. */
  readonly containerEnv: Readonly<Record<string, string>>;
  /** What only install.sh sees: options, and who uses the container. Values are literal. */
  readonly variables: Readonly<Record<string, string>>;
}

/** How a dev container's image is made of the image or stage below it. Every step runs as root. */
export interface InstallationPlan extends DevcontainerUsers {
  readonly features: readonly FeatureInstallation[];
  /** USER of the image, as the image below has it. */
  readonly imageUser: string;
  /** Value of the label `devcontainer.metadata`; `undefined` where there is nothing to say. */
  readonly label: string | undefined;
  /** ENV of the image after all features. Values are literal. */
  readonly containerEnv: Readonly<Record<string, string>>;
}

export interface InstallationPlanOptions extends MetadataOptions, ImageUser {
  readonly loaded: Pick<LoadedConfiguration, 'configuration' | 'raw' | 'substitute'>;
  /** Of the image below. */
  readonly base: readonly MetadataEntry[];
  /** In the order of installation. */
  readonly features: readonly ResolvedFeature[];
}

/** What to add to an image to make it a dev container. The label keeps variables as they are written. */
export function installationPlan(options: InstallationPlanOptions): InstallationPlan {
  const { features, imageUser = 'root', loaded } = options;
  const entries = metadataEntries({ ...options, configuration: loaded.raw });
  const users = devcontainerUsers(loaded.substitute(entries), options);
  return {
    ...users,
    imageUser,
    features: features.map((feature, index) => installation(feature, index, users)),
    label: entries.length === 0 ? undefined : formatMetadataLabel(entries),
    containerEnv: textValues(loaded.configuration.containerEnv ?? {}),
  };
}

function installation(feature: ResolvedFeature, index: number, users: DevcontainerUsers): FeatureInstallation {
  return {
    feature,
    name: `${feature.name}_${index}`,
    containerEnv: textValues(feature.metadata.containerEnv ?? {}),
    variables: {
      ...optionVariables(feature.metadata, feature.options),
      _CONTAINER_USER: users.containerUser,
      _REMOTE_USER: users.remoteUser,
    },
  };
}

/**
 * The homes of the users, as install.sh wants them. Ask again before each feature: an earlier one may have made the user.
 * @param passwd Text of the image's /etc/passwd.
 */
export function homeVariables(
  { containerUser, remoteUser }: DevcontainerUsers,
  passwd: string,
): Readonly<Record<'_CONTAINER_USER_HOME' | '_REMOTE_USER_HOME', string>> {
  const entries = passwd.split('\n').map((line) => line.split(':'));
  const homeOf = (user: string) => {
    const name = user.split(':')[0] ?? '';
    return (entries.find((entry) => entry[0] === name) ?? entries.find((entry) => entry[2] === name))?.[5] ?? '';
  };
  return { _CONTAINER_USER_HOME: homeOf(containerUser), _REMOTE_USER_HOME: homeOf(remoteUser) };
}

/**
 * The environment after a feature's ENV: `/opt/bin:${PATH}` extends what is there. Later variables see earlier ones.
 * @throws {DockerfileError} for a malformed `${`.
 */
export function featureEnvironment(
  containerEnv: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  let result = environment;
  for (const [name, value] of Object.entries(containerEnv)) {
    const lookup = (variable: string) => (Object.hasOwn(result, variable) ? result[variable] : undefined);
    result = { ...result, [name]: expandWord(quoteExpanded(value), lookup).text };
  }
  return result;
}

/** A word of a Dockerfile in which variables are replaced and everything else is as it is. */
export function quoteExpanded(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A word of a Dockerfile that is just this text. */
export function quoteLiteral(value: string): string {
  return `"${value.replaceAll(/["\\$]/g, String.raw`\$&`)}"`;
}

import { METADATA_LABEL } from '../metadata/metadata-label.ts';
import { type FeatureInstallation, type InstallationPlan, quoteExpanded, quoteLiteral } from './installation-plan.ts';

/** The named context that has each feature's files in a folder of its name. */
export const FEATURES_CONTEXT = 'dev_containers_feature_content_source';
const BASE_STAGE = 'dev_container_auto_added_stage_label';
const FEATURES_FOLDER = '/tmp/dev-container-features';

/** The image, or the Dockerfile and its target, that the dev container stands on. */
export type PrintedBase =
  | { readonly image: string }
  | { readonly dockerfile: string; readonly target?: string | undefined };

/**
 * A Dockerfile that makes the image of a plan, for people to read and for other builders. It needs the named context
 * `dev_containers_feature_content_source`, with a folder for each feature.
 */
export function printDockerfile(base: PrintedBase, plan: InstallationPlan): string {
  const { text, stage } = baseStage(base);
  const environment = Object.entries(plan.containerEnv).map(([name, value]) => envLine(name, quoteLiteral(value)));
  return [
    text.trimEnd(),
    '',
    `FROM ${stage} AS dev_containers_target_stage`,
    'USER root',
    ...plan.features.flatMap((installation) => printInstallation(installation, plan)),
    `USER ${plan.imageUser}`,
    ...(plan.label === undefined ? [] : [`LABEL ${METADATA_LABEL}=${quoteLiteral(plan.label)}`]),
    ...environment,
    '',
  ].join('\n');
}

function baseStage(base: PrintedBase): { text: string; stage: string } {
  if ('image' in base) return { text: `FROM ${base.image} AS ${BASE_STAGE}`, stage: BASE_STAGE };
  if (base.target !== undefined) return { text: base.dockerfile, stage: base.target };
  const [lastFrom] = [
    ...base.dockerfile.matchAll(/^[\t ]*FROM\s+(?:--\S+\s+)*\S+(?<as>\s+AS\s+(?<name>\S+))?.*$/gim),
  ].slice(-1);
  const name = lastFrom?.groups?.['name'];
  if (lastFrom === undefined || name !== undefined) return { text: base.dockerfile, stage: name ?? BASE_STAGE };
  const end = lastFrom.index + lastFrom[0].trimEnd().length;
  const named = `${base.dockerfile.slice(0, end)} AS ${BASE_STAGE}${base.dockerfile.slice(end)}`;
  return { text: named, stage: BASE_STAGE };
}

function printInstallation(
  { containerEnv, feature, name, variables }: FeatureInstallation,
  plan: InstallationPlan,
): string[] {
  const folder = `${FEATURES_FOLDER}/${name}`;
  const homes = { _CONTAINER_USER_HOME: plan.containerUser, _REMOTE_USER_HOME: plan.remoteUser };
  return [
    '',
    `# ${oneLine(feature.id)}`,
    ...Object.entries(containerEnv).map(([variable, value]) => envLine(variable, quoteExpanded(value))),
    `RUN --mount=type=bind,from=${FEATURES_CONTEXT},source=${name},target=/tmp/build-features-src/${name} \\`,
    `    mkdir -p ${FEATURES_FOLDER} && cp -ar /tmp/build-features-src/${name} ${FEATURES_FOLDER} \\`,
    ` && chmod -R 0755 ${folder} && cd ${folder} \\`,
    ...Object.entries(variables).map(([variable, value]) => ` && export ${variable}=${shellWord(value)} \\`),
    ...Object.entries(homes).map(([variable, user]) => ` && export ${variable}="$(${homeCommand(user)})" \\`),
    ` && ./install.sh && rm -rf ${folder}`,
  ];
}

function envLine(name: string, quoted: string): string {
  if (!/[\r\n]/.test(name + quoted)) return `ENV ${name}=${quoted}`;
  return `# ENV ${oneLine(name)} has a line break, which no Dockerfile can write`;
}

function homeCommand(user: string): string {
  const name = shellWord(user.split(':')[0] ?? '');
  return `(getent passwd ${name} || grep -E "^"${name}":|^[^:]*:[^:]*:"${name}":" /etc/passwd || true) 2>/dev/null | head -n 1 | cut -d: -f6`;
}

/** Line breaks would end the instruction: `printf` makes them again. */
function shellWord(value: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  if (!value.includes('\n')) return quoted(value);
  return `"$(printf '%s\\n' ${value.split('\n').map(quoted).join(' ')})"`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

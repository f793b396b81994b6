import type { JsonObject } from '@shale/core/json';
import type {
  DevcontainerConfiguration,
  LifecycleCommand,
  LifecycleHook,
  MergeableProperties,
  Mount,
  Scalar,
} from '../configuration/configuration.ts';
import { LIFECYCLE_HOOKS } from '../configuration/configuration.ts';
import { mergeHostRequirements } from './host-requirements.ts';
import type { MetadataEntry } from './metadata-entry.ts';
import { mergeMounts } from './mounts.ts';

type Collected = Readonly<Record<`${LifecycleHook}s`, readonly LifecycleCommand[]>>;
type Replaced = LifecycleHook | 'customizations' | 'containerEnv' | 'remoteEnv';

/** A configuration with what its base image and its features add. */
export interface MergedConfiguration extends Omit<DevcontainerConfiguration, Replaced>, Collected {
  readonly init: boolean;
  readonly privileged: boolean;
  readonly entrypoints?: readonly string[] | undefined;
  /** For each tool what each entry says, in order. */
  readonly customizations?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly containerEnv: Readonly<Record<string, Scalar>>;
  readonly remoteEnv: Readonly<Record<string, Scalar | null>>;
  readonly portsAttributes: JsonObject;
}

const REPLACED: ReadonlySet<string> = new Set([...LIFECYCLE_HOOKS, 'customizations', 'entrypoint', 'shutdownAction']);

/**
 * Merges the entries of an image, the last of which is the configuration's own.
 * @see https://github.com/devcontainers/spec/blob/main/docs/specs/devcontainer-reference.md#merge-logic
 */
export function mergeConfiguration(
  configuration: DevcontainerConfiguration,
  entries: readonly MetadataEntry[],
): MergedConfiguration {
  const kept = Object.fromEntries(Object.entries(configuration).filter(([name]) => !REPLACED.has(name)));
  const last = <K extends keyof MergeableProperties>(name: K) => entries.findLast((entry) => entry[name])?.[name];
  const lastFlag = (name: 'overrideCommand' | 'updateRemoteUserUID') =>
    entries.findLast((entry) => typeof entry[name] === 'boolean')?.[name];
  return {
    ...kept,
    init: entries.some((entry) => entry.init),
    privileged: entries.some((entry) => entry.privileged),
    capAdd: union(entries.map((entry) => entry.capAdd)),
    securityOpt: union(entries.map((entry) => entry.securityOpt)),
    entrypoints: nonEmpty(entries.flatMap(({ entrypoint }) => (entrypoint ? [entrypoint] : []))),
    mounts: nonEmpty(mergeMounts(entries.flatMap(({ mounts }): readonly Mount[] => mounts ?? []))),
    customizations: collectCustomizations(entries),
    ...collectCommands(entries),
    waitFor: last('waitFor'),
    remoteUser: last('remoteUser'),
    containerUser: last('containerUser'),
    userEnvProbe: last('userEnvProbe'),
    remoteEnv: Object.assign({}, ...entries.map(({ remoteEnv }) => remoteEnv)),
    containerEnv: Object.assign({}, ...entries.map(({ containerEnv }) => containerEnv)),
    overrideCommand: lastFlag('overrideCommand'),
    portsAttributes: Object.assign({}, ...entries.map(({ portsAttributes }) => portsAttributes)),
    otherPortsAttributes: last('otherPortsAttributes'),
    forwardPorts: mergePorts(entries),
    shutdownAction: last('shutdownAction'),
    updateRemoteUserUID: lastFlag('updateRemoteUserUID'),
    hostRequirements: mergeHostRequirements(entries.map(({ hostRequirements }) => hostRequirements ?? {})),
  };
}

function collectCommands(entries: readonly MetadataEntry[]): Collected {
  const commands = (hook: LifecycleHook) => entries.flatMap((entry) => (entry[hook] ? [entry[hook]] : []));
  return {
    onCreateCommands: commands('onCreateCommand'),
    updateContentCommands: commands('updateContentCommand'),
    postCreateCommands: commands('postCreateCommand'),
    postStartCommands: commands('postStartCommand'),
    postAttachCommands: commands('postAttachCommand'),
  };
}

function collectCustomizations(
  entries: readonly MetadataEntry[],
): Readonly<Record<string, readonly unknown[]>> | undefined {
  const byTool = new Map<string, unknown[]>();
  for (const [tool, value] of entries.flatMap(({ customizations }) => Object.entries(customizations ?? {}))) {
    byTool.set(tool, [...(byTool.get(tool) ?? []), value]);
  }
  return byTool.size === 0 ? undefined : Object.fromEntries(byTool);
}

/** `localhost:3000` is the port 3000. */
function mergePorts(entries: readonly MetadataEntry[]): readonly (number | string)[] | undefined {
  const ports = entries.flatMap(({ forwardPorts }): readonly (number | string)[] => forwardPorts ?? []);
  const local = (port: number | string) =>
    typeof port === 'string' && /^localhost:\d+$/.test(port) ? Number(port.slice('localhost:'.length)) : port;
  return nonEmpty([...new Set(ports.map(local))]);
}

function union(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  return nonEmpty([...new Set(lists.flatMap((list): readonly string[] => list ?? []))]);
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

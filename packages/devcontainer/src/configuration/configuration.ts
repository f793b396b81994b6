import type { JsonObject } from '@shale/core/json';

/** What JSON writes where a text is meant: `"PORT": 3000`. */
export type Scalar = string | number | boolean;

/** A shell command line, the words of a program, or several of those that run beside each other, by name. */
export type LifecycleCommand = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

export const LIFECYCLE_HOOKS = [
  'onCreateCommand',
  'updateContentCommand',
  'postCreateCommand',
  'postStartCommand',
  'postAttachCommand',
] as const;
export type LifecycleHook = (typeof LIFECYCLE_HOOKS)[number];

export type UserEnvProbe = 'none' | 'loginShell' | 'interactiveShell' | 'loginInteractiveShell';

export interface MountObject {
  readonly type: string;
  readonly source?: string | undefined;
  readonly target: string;
}
/** `type=volume,source=cache,target=/cache`, or the same as an object. */
export type Mount = string | MountObject;

export interface GpuRequirement {
  readonly cores?: number | undefined;
  readonly memory?: string | undefined;
}

export interface HostRequirements {
  readonly cpus?: number | undefined;
  /** As in `8gb`. */
  readonly memory?: string | undefined;
  readonly storage?: string | undefined;
  readonly gpu?: boolean | 'optional' | GpuRequirement | undefined;
}

/** Options of a feature; a string is its `version`. */
export type FeatureOptions = Readonly<Record<string, Scalar>> | Scalar;

export interface BuildProperties {
  readonly dockerfile?: string | undefined;
  readonly context?: string | undefined;
  readonly args?: Readonly<Record<string, Scalar>> | undefined;
  readonly target?: string | undefined;
  readonly cacheFrom?: string | readonly string[] | undefined;
  /** Flags of `docker build`. */
  readonly options?: readonly string[] | undefined;
}

/** Properties that images carry in their `devcontainer.metadata` label, and that merge. */
export interface MergeableProperties extends Partial<Record<LifecycleHook, LifecycleCommand | undefined>> {
  readonly waitFor?: LifecycleHook | 'initializeCommand' | undefined;
  readonly customizations?: JsonObject | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly containerEnv?: Readonly<Record<string, Scalar>> | undefined;
  readonly containerUser?: string | undefined;
  readonly init?: boolean | undefined;
  readonly privileged?: boolean | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly securityOpt?: readonly string[] | undefined;
  readonly remoteUser?: string | undefined;
  readonly userEnvProbe?: UserEnvProbe | undefined;
  /** `null` takes a variable away. */
  readonly remoteEnv?: Readonly<Record<string, Scalar | null>> | undefined;
  readonly overrideCommand?: boolean | undefined;
  readonly portsAttributes?: JsonObject | undefined;
  readonly otherPortsAttributes?: JsonObject | undefined;
  readonly forwardPorts?: readonly (number | string)[] | undefined;
  readonly shutdownAction?: string | undefined;
  readonly updateRemoteUserUID?: boolean | undefined;
  readonly hostRequirements?: HostRequirements | undefined;
}

/**
 * A devcontainer.json. Properties that no specification knows stay in the value.
 * @see https://containers.dev/implementors/json_reference/
 */
export interface DevcontainerConfiguration extends MergeableProperties {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly build?: BuildProperties | undefined;
  /** Older form of `build.dockerfile`. */
  readonly dockerFile?: string | undefined;
  /** Older form of `build.context`. */
  readonly context?: string | undefined;
  readonly dockerComposeFile?: string | readonly string[] | undefined;
  readonly service?: string | undefined;
  readonly runServices?: readonly string[] | undefined;
  readonly workspaceFolder?: string | undefined;
  readonly workspaceMount?: string | undefined;
  readonly features?: Readonly<Record<string, FeatureOptions>> | undefined;
  readonly overrideFeatureInstallOrder?: readonly string[] | undefined;
  readonly initializeCommand?: LifecycleCommand | undefined;
  readonly runArgs?: readonly string[] | undefined;
  readonly appPort?: unknown;
  readonly secrets?: JsonObject | undefined;
}

import type { ContainerConfig, ImageConfig, Platform } from '@shale/core';

/** The result of the instructions so far: immutable data. Each instruction makes a new state. */
export interface StageState {
  readonly config: ContainerConfig;
  readonly author: string | undefined;
  readonly platform: Platform;
  /** Variables that RUN sees: ENV, and ARG with a value. The last of a name wins. */
  readonly environment: ReadonlyMap<string, string>;
  /** Declared ARGs in order, with the value at declaration, for the history. */
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
  /** Whether this stage has a CMD of its own: ENTRYPOINT resets only an inherited one. */
  readonly ownCommand: boolean;
}

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];

/** The state after `FROM image`; after `FROM scratch`, if there is no config. */
export function initialState(base: ImageConfig | undefined, platform: Platform): StageState {
  const config: ContainerConfig = base?.config ?? { WorkingDir: '/' };
  const hasPath = config.Env?.some((entry) => entry.startsWith('PATH=')) ?? false;
  const withPath = hasPath ? config : withEnv(config, 'PATH', DEFAULT_PATH);
  return {
    config: withPath,
    author: base?.author,
    platform,
    environment: new Map((withPath.Env ?? []).map(splitEnv)),
    args: [],
    ownCommand: false,
  };
}

/** The state after `FROM stage`: variables and ARGs of the parent stay, and its CMD counts as inherited. */
export function inheritState(parent: StageState): StageState {
  const { OnBuild: _, ...config } = parent.config;
  return { ...parent, config, ownCommand: false };
}

export function setConfig(state: StageState, change: ContainerConfig): StageState {
  return { ...state, config: { ...state.config, ...change } };
}

export function setEnv(state: StageState, key: string, value: string): StageState {
  return {
    ...state,
    config: withEnv(state.config, key, value),
    environment: new Map(state.environment).set(key, value),
  };
}

export function declareArg(state: StageState, key: string, value: string | undefined): StageState {
  const args = [...state.args, { key, value }];
  if (value === undefined) return { ...state, args };
  return { ...state, args, environment: new Map(state.environment).set(key, value) };
}

/** The environment of a process: `NAME=value`. */
export function environmentList(state: StageState): string[] {
  return [...state.environment].map(([key, value]) => `${key}=${value}`);
}

/** The names in `environmentList` that are not in the config of the image. */
export function argNames({ config, environment }: StageState): ReadonlySet<string> {
  const kept = new Set((config.Env ?? []).map((entry) => splitEnv(entry)[0]));
  return new Set([...environment.keys()].filter((name) => !kept.has(name)));
}

export function shellOf(state: StageState): readonly string[] {
  return state.config.Shell ?? DEFAULT_SHELL;
}

function withEnv(config: ContainerConfig, key: string, value: string): ContainerConfig {
  const before = config.Env ?? [];
  const entry = `${key}=${value}`;
  const index = before.findIndex((item) => splitEnv(item)[0] === key);
  return { ...config, Env: index < 0 ? [...before, entry] : before.with(index, entry) };
}

/** Splits `NAME=value`, an entry of `Env`. */
export function splitEnv(entry: string): [name: string, value: string] {
  const equals = entry.indexOf('=');
  return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

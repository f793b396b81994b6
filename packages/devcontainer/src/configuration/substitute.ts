import { basename } from 'node:path/posix';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;
/** The value of `${name:argument:...}`; `undefined` leaves it as it is. */
type Lookup = (name: string, args: readonly string[], whole: string) => string | undefined;

export interface LocalVariables {
  /** Of the machine that reads the configuration. */
  readonly localEnv: Environment;
  readonly localWorkspaceFolder?: string | undefined;
  /** May itself use the other variables. */
  readonly containerWorkspaceFolder?: string | undefined;
  /**
   * Also reads a bare `${NAME}` that is in `localEnv`, as envbuilder does.
   * @default false
   */
  readonly bareNames?: boolean | undefined;
}

/**
 * Replaces the variables that are known before a container exists, in every string of a value.
 * `${localEnv:NAME:default}` (or `env`), `${localWorkspaceFolder}`, `${containerWorkspaceFolder}`, and their `Basename`.
 * @throws {DevcontainerInvalidError} for `${localEnv}` without a name.
 */
export function substituteLocal<T>(value: T, variables: LocalVariables): T {
  const { localEnv, localWorkspaceFolder, bareNames = false } = variables;
  const lookup =
    (containerWorkspaceFolder: string | undefined): Lookup =>
    (name, args, whole) => {
      switch (name) {
        case 'env':
        case 'localEnv':
          return fromEnvironment(localEnv, args, whole);
        case 'localWorkspaceFolder':
          return localWorkspaceFolder;
        case 'localWorkspaceFolderBasename':
          return localWorkspaceFolder && basename(localWorkspaceFolder);
        case 'containerWorkspaceFolder':
          return containerWorkspaceFolder;
        case 'containerWorkspaceFolderBasename':
          return containerWorkspaceFolder && basename(containerWorkspaceFolder);
        default:
          return bareNames && args.length === 0 ? own(localEnv, name) : undefined;
      }
    };
  const raw = variables.containerWorkspaceFolder;
  const folder = raw === undefined ? undefined : replaceVariables(raw, lookup(raw));
  return substitute(value, lookup(folder));
}

/** Replaces `${devcontainerId}`; the id is computed only when something asks for it. */
export function substituteDevcontainerId<T>(value: T, id: () => string): T {
  return substitute(value, (name) => (name === 'devcontainerId' ? id() : undefined));
}

/**
 * Replaces `${containerEnv:NAME:default}` by what the container has.
 * @throws {DevcontainerInvalidError} for `${containerEnv}` without a name.
 */
export function substituteContainerEnv<T>(value: T, containerEnv: Environment): T {
  return substitute(value, (name, args, whole) =>
    name === 'containerEnv' ? fromEnvironment(containerEnv, args, whole) : undefined,
  );
}

function substitute<T>(value: T, lookup: Lookup): T {
  return walk(value, (text) => replaceVariables(text, lookup)) as T;
}

function walk(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, change)]));
}

function replaceVariables(text: string, lookup: Lookup): string {
  return text.replaceAll(/\$\{(.*?)\}/g, (whole: string, inner: string) => {
    const [name = '', ...args] = inner.split(':');
    return lookup(name, args, whole) ?? whole;
  });
}

/** Only the first default counts: `${localEnv:A:b:c}` is `b`. A name that is not there is empty. */
function fromEnvironment(environment: Environment, [name, fallback]: readonly string[], whole: string): string {
  if (name === undefined) {
    throw new DevcontainerInvalidError(`${whole} names no environment variable`, {
      hint: `Write the name after a colon: ${whole.slice(0, -1)}:NAME}.`,
    });
  }
  return own(environment, name) ?? fallback ?? '';
}

function own(environment: Environment, name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

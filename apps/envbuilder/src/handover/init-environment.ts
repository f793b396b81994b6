import { PREFIX } from '../options/option.ts';
import { type Environment, optionVariables } from '../options/read-options.ts';

type Variables = Readonly<Record<string, string>>;

export interface InitEnvironmentOptions {
  /** Of this process. */
  readonly process: Environment;
  /** Where this program lives: a PATH or library path that points there is not for init. */
  readonly ownDirectory: string;
  readonly etcEnvironment: Variables;
  /** `KEY=value`, as an image config has them. */
  readonly image: readonly string[];
  /** What the build source adds, last. */
  readonly added: Variables;
}

export interface InitEnvironment {
  /** All of it, sorted by name. */
  readonly all: Variables;
  /** Without what this process was given: what EXPORT_ENV_FILE gets. */
  readonly exported: Variables;
}

/** As Docker sets it for an image that has none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What the program's own image, its launcher and Node set. */
const OWN_VARIABLES = /^(?:KANIKO_DIR|LD_LIBRARY_PATH|NODE_.*|SHALE_.*|GIT_.*|SSL_CERT_FILE|SSL_CERT_DIR)$/;

/**
 * What init gets: this process's variables without our options and our own, then `/etc/environment`, then the image's,
 * then what the build source adds.
 */
export function initEnvironment(options: InitEnvironmentOptions): InitEnvironment {
  const { etcEnvironment, image, added } = options;
  const exported = { ...Object.fromEntries(image.map(splitVariable)), ENVBUILDER: 'true', ...added };
  const all = { PATH: DEFAULT_PATH, ...inherited(options), ...etcEnvironment, ...exported };
  return { all: sorted(all), exported: sorted(exported) };
}

function inherited({ process, ownDirectory }: InitEnvironmentOptions): Variables {
  const options = optionVariables();
  const isOwn = (name: string, value: string) => {
    if (name.startsWith(PREFIX) || options.has(name) || name === 'KANIKO_DIR') return true;
    return (name === 'PATH' || OWN_VARIABLES.test(name)) && value.includes(ownDirectory);
  };
  const entries = Object.entries(process).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !isOwn(entry[0], entry[1]),
  );
  return Object.fromEntries(entries);
}

function splitVariable(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function sorted(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `KEY=value` lines. A value of several lines is put in double quotes, with `\n`. */
export function formatEnvFile(variables: Variables): string {
  const quoted = (value: string) => (/[\n\r]/.test(value) ? JSON.stringify(value) : value);
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

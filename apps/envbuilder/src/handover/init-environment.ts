import { PREFIX } from '../options/option.ts';
import { type Environment, optionVariables } from '../options/read-options.ts';

type Variables = Readonly<Record<string, string>>;

export interface InitEnvironmentOptions {
  /** The environment of this process. */
  readonly process: Environment;
  /** The folder of this program. Variables such as PATH that name it are not for init. */
  readonly ownDirectory: string;
  readonly etcEnvironment: Variables;
  /** The `KEY=value` texts of an image config. */
  readonly image: readonly string[];
  /** Variables of the build source. They win over all others. */
  readonly added: Variables;
}

export interface InitEnvironment {
  /** All variables, sorted by name. */
  readonly all: Variables;
  /** All but those of this process, for EXPORT_ENV_FILE. */
  readonly exported: Variables;
}

/** Docker sets this for an image without a PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Variables that the image of this program, its launcher or Node set. */
const OWN_VARIABLES = /^(?:KANIKO_DIR|LD_LIBRARY_PATH|NODE_.*|SHALE_.*|GIT_.*|SSL_CERT_FILE|SSL_CERT_DIR)$/;

/**
 * The environment of init. Later ones win: variables of this process without its options, `/etc/environment`, the
 * image, the build source.
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

/** Writes `KEY=value` lines. Values of several lines are quoted. */
export function formatEnvFile(variables: Variables): string {
  const quoted = (value: string) => (/[\n\r]/.test(value) ? JSON.stringify(value) : value);
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

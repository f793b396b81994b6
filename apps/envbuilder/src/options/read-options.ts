import { OptionInvalidError } from './option-invalid-error.ts';
import { optionTable, type WorkspaceOptions } from './option-table.ts';
import { flagOf, legacyVariableOf, type Option, type OptionTable, type OptionValues, variableOf } from './option.ts';
import { splitShellWords } from './shell-words.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A parsed command line. */
export type CommandLine = { readonly type: 'help' } | { readonly type: 'run'; readonly options: WorkspaceOptions };

/**
 * Reads each option from its flag, else its variable, else its legacy flag or variable, else its default. An empty
 * variable counts as unset.
 * @throws {OptionInvalidError}
 */
export function readCommandLine(argv: readonly string[], env: Environment): CommandLine {
  const flags = readFlags(argv);
  if (flags === 'help') return { type: 'help' };
  const options = readTable(optionTable, flags, env);
  checkTogether(options);
  return { type: 'run', options };
}

function readTable<Table extends OptionTable>(
  table: Table,
  flags: ReadonlyMap<string, string>,
  env: Environment,
): OptionValues<Table> {
  const values = Object.entries(table).map(([name, option]) => [name, valueOf(option, flags, env)]);
  return Object.fromEntries(values) as OptionValues<Table>;
}

function valueOf(option: Option<unknown>, flags: ReadonlyMap<string, string>, env: Environment): unknown {
  const legacy = legacyVariableOf(option);
  const given = [
    { origin: `--${flagOf(option)}`, text: flags.get(flagOf(option)) },
    { origin: variableOf(option), text: env[variableOf(option)] || undefined },
    { origin: `--legacy-${flagOf(option)}`, text: flags.get(`legacy-${flagOf(option)}`) },
    { origin: legacy, text: (legacy !== undefined && env[legacy]) || undefined },
  ].find(({ text }) => text !== undefined);
  return given?.text === undefined ? option.absent : option.parse(given.text, given.origin ?? option.name);
}

function readFlags(argv: readonly string[]): ReadonlyMap<string, string> | 'help' {
  const known = new Map(
    Object.values(optionTable as OptionTable).flatMap((option) => [
      [flagOf(option), option],
      [`legacy-${flagOf(option)}`, option],
    ]),
  );
  const found = new Map<string, string>();
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    if (word === '-h' || word === '--help') return 'help';
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) throw unknown(word);
    const option = known.get(name);
    if (option === undefined) throw unknown(`--${name}`);
    if (value !== undefined) found.set(name, value);
    else if (option.isSwitch) found.set(name, 'true');
    else {
      const next = argv[++index];
      if (next === undefined) throw new OptionInvalidError(`--${name} needs a value`);
      found.set(name, next);
    }
  }
  return found;
}

function unknown(word: string): OptionInvalidError {
  return new OptionInvalidError(`unknown flag or argument: ${word}`, {
    hint: 'The help of envbuilder lists every flag.',
  });
}

function checkTogether(options: WorkspaceOptions): void {
  const { pushImage, getCachedImage, cacheRepo, coderAgentUrl, coderAgentToken } = options;
  if (pushImage && cacheRepo === undefined)
    throw new OptionInvalidError('--cache-repo must be set when using --push-image');
  if (getCachedImage && cacheRepo === undefined)
    throw new OptionInvalidError('--cache-repo must be set when using --get-cached-image');
  if (options.gitSshPrivateKeyPath !== undefined && options.gitSshPrivateKeyBase64 !== undefined)
    throw new OptionInvalidError('cannot have both GIT_SSH_PRIVATE_KEY_PATH and GIT_SSH_PRIVATE_KEY_BASE64 set');
  if (coderAgentUrl !== undefined && coderAgentToken === undefined)
    throw new OptionInvalidError('CODER_AGENT_URL is set, and CODER_AGENT_TOKEN is not', {
      hint: 'Set both, or none.',
    });
  if (coderAgentUrl !== undefined && !URL.canParse(coderAgentUrl))
    throw new OptionInvalidError('CODER_AGENT_URL is not a URL');
  parseBuildSecrets(options.buildSecrets);
  splitShellWords(options.initArgs ?? ''); // better now than after a build
}

/** @throws {OptionInvalidError} for an entry without `=`. */
export function parseBuildSecrets(entries: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    entries.map((entry, index) => {
      const equals = entry.indexOf('=');
      if (equals > 0) return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
      throw new OptionInvalidError(`invalid secret: entry ${index + 1} of BUILD_SECRETS is not NAME=VALUE`);
    }),
  );
}

/** The names of all variables that are options. Init must not get them. */
export function optionVariables(): ReadonlySet<string> {
  const table: OptionTable = optionTable;
  const own = Object.values(table).filter(({ bare }) => bare !== true);
  return new Set(own.flatMap((option) => [variableOf(option), option.name]));
}

import { suggest } from '@shale/dockerfile-parser';
import { Argument, Command, CommanderError, Option as CommanderOption } from 'commander';
import { commandCatalog } from './commands/catalog.ts';
import type { ArgumentSpec, CommandSpec } from './spec/command-spec.ts';
import type { Session } from './session.ts';
import { booleanAssignments } from './spec/boolean-assignments.ts';
import type { Option } from './options/option.ts';
import { readOptions } from './options/read-options.ts';
import { palette } from './terminal/palette.ts';
import { UsageError } from './errors/usage-error.ts';

/**
 * Runs one command line, without the program's own name.
 * @throws {UsageError} for a command line that cannot be understood; whatever the command throws.
 */
export async function runProgram(argv: readonly string[], session: Session): Promise<void> {
  const { rest, assigned } = booleanAssignments(argv, commandCatalog);
  const program = new Command('shale')
    .description('Builds container images without a daemon, and never builds a layer twice.')
    .version(session.version, '-V, --version', 'Print the version')
    .helpCommand(false)
    .enablePositionalOptions();
  // The others' many options are not spelled out for a command line that names its command, as most do.
  const named = commandCatalog.filter(({ name }) => name === rest[0]);
  for (const spec of named.length > 0 ? named : commandCatalog) program.addCommand(commandOf(spec, session, assigned));
  prepare(program, session);
  program.addHelpText('after', '\nshale COMMAND --help tells more about a command.');
  if (argv.length === 0) return program.outputHelp();
  try {
    await program.parseAsync([...rest], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageErrorOf(error, argv);
  }
}

function commandOf(spec: CommandSpec, session: Session, assigned: ReadonlyMap<string, readonly string[]>): Command {
  const command = new Command(spec.name).description(spec.summary).helpCommand(false).enablePositionalOptions();
  prepare(command, session);
  const given = new Map(assigned);
  for (const option of Object.values(spec.options)) addOption(command, option, given);
  for (const argument of spec.arguments) command.addArgument(argumentOf(argument));
  for (const subcommand of spec.subcommands) command.addCommand(commandOf(subcommand, session, assigned));
  if (spec.examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}\n`).join('')}`);
  const { run } = spec;
  if (run === undefined) {
    command.allowExcessArguments().action(() => {
      const [word] = command.args;
      if (word !== undefined) throw unknownSubcommand(word, spec);
      command.outputHelp();
    });
  }
  if (run !== undefined) {
    command.action(async () => {
      await run({
        ...session,
        commands: commandCatalog,
        options: readOptions(spec.options, given, session.env),
        args: command.args,
      });
    });
  }
  return command;
}

function unknownSubcommand(word: string, { name, subcommands }: CommandSpec): UsageError {
  const near = suggest(
    word,
    subcommands.map((subcommand) => subcommand.name),
  );
  const hint = near === undefined ? `See shale ${name} --help.` : `Did you mean ${near}? See shale ${name} --help.`;
  return new UsageError(`Unknown command '${name} ${word}'`, { hint });
}

function addOption(command: Command, option: Option<unknown>, given: Map<string, readonly string[]>): void {
  const commanderOption = new CommanderOption(flagsOf(option), helpOf(option)).helpGroup(`${option.group}:`);
  command.addOption(commanderOption);
  command.on(`option:${commanderOption.name()}`, (text: string | null) => {
    given.set(option.flag, [...(given.get(option.flag) ?? []), text ?? 'true']);
  });
}

function flagsOf({ flag, short, placeholder }: Option<unknown>): string {
  const long = `--${flag}${placeholder === undefined ? '' : ` <${placeholder}>`}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function helpOf({ help, shownDefault }: Option<unknown>): string {
  return shownDefault === undefined ? help : `${help} (default: ${shownDefault})`;
}

function argumentOf({ name, help, required, many = false }: ArgumentSpec): Argument {
  const shown = many ? `${name}...` : name;
  return new Argument(required ? `<${shown}>` : `[${shown}]`, help);
}

function prepare(command: Command, { stdout, stderr, env }: Session): void {
  const { bold, dim } = palette(stdout, env);
  command
    .addHelpOption(new CommanderOption('-h, --help', 'Print this help').helpGroup('General:'))
    .exitOverride()
    .configureHelp({
      styleTitle: bold,
      styleCommandText: bold,
      styleSubcommandText: bold,
      styleArgumentText: dim,
      showGlobalOptions: false,
      optionTerm: ({ flags, short }) => (short === undefined ? `    ${flags}` : flags),
    })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => {},
      outputError: () => {},
      getOutHasColors: () => stdout.isTTY === true,
      getErrHasColors: () => stderr.isTTY === true,
    });
}

/** Commander writes `error: what` and, on a second line, `(Did you mean this?)`. */
function usageErrorOf({ message }: CommanderError, argv: readonly string[]): UsageError {
  const [what = '', suggestion] = message.replace(/^error: /, '').split('\n');
  const command = commandCatalog.find(({ name }) => name === argv[0]);
  const help = `See shale ${command === undefined ? '' : `${command.name} `}--help.`;
  const hint = suggestion === undefined ? help : `${suggestion.replace(/^\(|\)$/g, '')} ${help}`;
  return new UsageError(`${what.charAt(0).toUpperCase()}${what.slice(1)}`, { hint });
}

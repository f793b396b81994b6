import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { commandCatalog } from './commands/catalog.ts';
import { commandPaths } from './spec/command-path.ts';
import { runProgram } from './program.ts';

async function run(...argv: string[]): Promise<string> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  await runProgram(argv, {
    version: '1.2.3',
    env: {},
    cwd: '/',
    stdin: () => stdin,
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  stdout.end();
  return text(stdout);
}

describe('runProgram()', () => {
  it('prints help for no command and for each command', async () => {
    expect(await run()).toContain('Usage: shale');
    for (const { words, spec } of commandPaths(commandCatalog)) {
      const help = await run(...words, '--help');
      expect(help).toContain(`Usage: shale ${words.join(' ')}`);
      for (const { flag } of Object.values(spec.options)) expect(help).toContain(`--${flag}`);
    }
  });

  it('says what was probably meant', async () => {
    await expect(run('biuld')).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: "Unknown command 'biuld'",
      hint: expect.stringContaining('Did you mean build?'),
    });
    await expect(run('build', '--taget', 'x', '.')).rejects.toMatchObject({
      message: "Unknown option '--taget'",
      hint: 'Did you mean --target? See shale build --help.',
    });
  });

  it('refuses a flag without its value and a surplus argument', async () => {
    await expect(run('build', '--target')).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    await expect(run('version', 'x')).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  it('takes a switch with its value', async () => {
    await expect(run('version', '--verbose=false')).resolves.toMatch(/^shale \d/);
    await expect(run('version', '--verbose=x')).rejects.toThrow('--verbose takes true or false, not "x"');
  });
});

describe('commandCatalog', () => {
  const options = commandPaths(commandCatalog).flatMap(({ spec }) => Object.values(spec.options));

  it('uses each flag, letter and variable for one thing', () => {
    for (const { spec } of commandPaths(commandCatalog)) {
      const names = Object.values(spec.options).flatMap(({ flag, short, variables }) => [
        flag,
        ...(short === undefined ? [] : [short]),
        ...variables.map(({ name }) => name),
      ]);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  it('gives a flag a value in every command or in none', () => {
    const switches = new Set(options.filter(({ placeholder }) => placeholder === undefined).map(({ flag }) => flag));
    expect(options.filter(({ flag, placeholder }) => placeholder !== undefined && switches.has(flag))).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type CallOptions, ShaleError } from '@shale/core';
import type { Log } from '../log/log.ts';
import { PREFIX } from '../options/option.ts';
import { splitShellWords } from '../options/shell-words.ts';

export interface SetupScriptOptions extends CallOptions {
  readonly script: string;
  /** The environment of init. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** The script gets it as `TARGET_USER`. */
  readonly targetUser: string;
  /** An empty file for the script. `ENVBUILDER_ENV` names it. */
  readonly environmentFile: string;
  /** The script gets the terminal itself. */
  readonly isTerminal: boolean;
  readonly log: Log;
}

/** What the script changed. */
export interface SetupResult {
  readonly initCommand?: string | undefined;
  readonly initArgs?: readonly string[] | undefined;
  readonly targetUser?: string | undefined;
}

class SetupFailedError extends ShaleError {
  readonly code = 'STEP_FAILED';
}

/** Runs the setup script as root. @throws {SetupFailedError} if it fails, or writes an unknown key */
export async function runSetupScript(options: SetupScriptOptions): Promise<SetupResult> {
  const { script, directory, targetUser, environmentFile, isTerminal, log, signal } = options;
  writeFileSync(environmentFile, '', { mode: 0o644 });
  const env = { ...options.env, HOME: '/root', ENVBUILDER_ENV: environmentFile, TARGET_USER: targetUser };
  const child = spawn('/bin/sh', ['-c', script], {
    cwd: existsSync(directory) ? directory : '/',
    env,
    stdio: isTerminal ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const read = [
    forward(child.stdout, (line) => log('info', line)),
    forward(child.stderr, (line) => log('error', line)),
  ];
  const [status, killedBy] = (await once(child, 'exit').catch((cause: Error) => {
    throw new SetupFailedError(`run setup script: ${cause.message}`, { cause });
  })) as [number | null, string | null];
  // processes that the script left may keep its output open
  await Promise.race([Promise.all(read), new Promise((resolve) => setTimeout(resolve, LAST_LINES_MS))]);
  if (status !== 0) throw new SetupFailedError(`run setup script: it ended with ${status ?? killedBy}`);
  return parseSetupEnvironment(readFileSync(environmentFile, 'utf8'));
}

/** How long to wait for lines after the end of the script, in milliseconds. */
const LAST_LINES_MS = 500;

async function forward(stream: Readable | null, onLine: (line: string) => void): Promise<void> {
  if (stream === null) return;
  const lines = createInterface(stream).on('line', onLine);
  await once(lines, 'close');
}

/** Reads `KEY=value` lines, with or without the prefix `ENVBUILDER_`. Skips lines without `=`. */
export function parseSetupEnvironment(text: string): SetupResult {
  const result: { initCommand?: string; initArgs?: readonly string[]; targetUser?: string } = {};
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1)];
    switch (key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key) {
      case 'INIT_COMMAND':
        result.initCommand = value;
        result.initArgs ??= []; // -c and the script were for the shell
        break;
      case 'INIT_ARGS':
        result.initArgs = splitShellWords(value);
        break;
      case 'TARGET_USER':
        result.targetUser = value;
        break;
      default:
        throw new SetupFailedError(`unknown environ key ${JSON.stringify(key)}`, {
          hint: 'The setup script may set INIT_COMMAND, INIT_ARGS and TARGET_USER.',
        });
    }
  }
  return result;
}

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { StepProcess } from './executor.ts';

const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** The exit code, or why there is none. */
export type ProgramOutcome = { readonly code: number; readonly complaint?: string | undefined };

/** A step's program, from this thread's root, directory, user and limits. */
export class StepProgram {
  readonly #program: string;
  readonly #child: ChildProcess | NodeJS.ErrnoException;

  /**
   * @param stdio Descriptors, which are closed.
   * @param cwd The thread's own when `undefined`.
   */
  constructor({ args: [program = '', ...rest], env }: StepProcess, stdio: readonly number[], cwd?: string) {
    this.#program = program;
    this.#child = trySpawn(program, rest, {
      env: environmentOf(env),
      stdio: [...stdio],
      cwd,
      detached: true, // a session of its own: no terminal of the builder's, and signals reach all of it
    });
    for (const fd of stdio) closeSync(fd);
  }

  /** Whether the signal could be sent. */
  kill(signal: NodeJS.Signals): boolean {
    if (this.#child instanceof Error || this.#child.pid === undefined) return false;
    try {
      return process.kill(-this.#child.pid, signal);
    } catch {
      return false; // a setuid program of another user, or one that ended just now
    }
  }

  outcome(): Promise<ProgramOutcome> {
    const { promise, resolve } = Promise.withResolvers<ProgramOutcome>();
    const failed = (error: NodeJS.ErrnoException) => resolve(failure(error, this.#program));
    if (this.#child instanceof Error) {
      failed(this.#child);
      return promise;
    }
    const { pid } = this.#child;
    this.#child.once('error', failed);
    this.#child.once('exit', (code, signal) => {
      if (pid !== undefined) resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] });
    });
    return promise;
  }
}

/** Node throws some failures of `execve`, and emits the others. */
function trySpawn(...args: Parameters<typeof spawn>): ChildProcess | NodeJS.ErrnoException {
  try {
    return spawn(...args);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function failure({ code, message }: NodeJS.ErrnoException, program: string): ProgramOutcome {
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const reason = isMissing ? 'not found in the image' : `cannot be executed: ${code ?? message}`;
  return { code: isMissing ? NOT_FOUND : NOT_EXECUTABLE, complaint: `${program}: ${reason}\n` };
}

export function environmentOf(env: readonly string[]): Record<string, string> {
  const pairs = env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

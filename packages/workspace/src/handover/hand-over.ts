import { accessSync, constants, statSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { restoreOpenFilesLimit } from './open-files.ts';

/** The program that this process becomes. */
export interface Handover {
  /** An absolute path: PATH is not searched. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
}

class InitMissingError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

export interface HandOverOptions {
  /** Streams such as stdout, which Node may have made non-blocking. @default none */
  readonly streams?: readonly object[] | undefined;
  /** The soft limit of open files before Node raised it. @default the limit stays */
  readonly openFiles?: number | undefined;
}

/** The part of Node's streams of terminals and pipes that is used here. */
interface BlockingStream {
  readonly _handle?: { setBlocking?(blocking: boolean): void } | null | undefined;
}

/** Checks that the program can be run: after a failed exec nothing could report it. @throws {InitMissingError} */
export function checkHandover({ command }: Pick<Handover, 'command'>): void {
  try {
    if (!statSync(command).isFile()) throw new Error('it is not a file');
    accessSync(command, constants.X_OK);
  } catch (cause) {
    throw new InitMissingError(`exec init script: ${command} cannot be run: ${(cause as Error).message}`, {
      cause,
      hint: 'Name the program by its absolute path in the built image: PATH is not searched.',
    });
  }
}

/**
 * Becomes another program in the same process, so PID 1 stays PID 1. Nothing of this program is left: no variable, no group
 * of root, no ignored signal, no descriptor, no raised limit.
 */
export function handOver(handover: Handover, { streams = [], openFiles }: HandOverOptions = {}): never {
  checkHandover(handover);
  const { command, args, env, directory, user } = handover;
  for (const stream of streams) (stream as BlockingStream)._handle?.setBlocking?.(true);
  // exec keeps ignored signals ignored, and resets handled ones
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined);
  if (openFiles !== undefined) restoreOpenFilesLimit(openFiles);
  process.umask(0o022);
  process.chdir(directory);
  process.setgroups?.([...user.groups]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  if (process.execve === undefined) throw new Error('This Node cannot replace its process: 22.15 or later is needed');
  return process.execve(command, [command, ...args], { ...env });
}

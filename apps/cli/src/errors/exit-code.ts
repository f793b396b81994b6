import { ShaleError } from '@shale/core';

/** What the process ends with. A signal n ends it with 128 + n, as shells do. */
export const ExitCode = {
  ok: 0,
  /** The work failed: a step, a registry, a missing file, a probe that missed. */
  failed: 1,
  /** The command line cannot be understood; nothing was done. */
  usage: 2,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The reason of an abort that a signal caused. */
export class SignalReceivedError extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'Interrupted' : 'Terminated');
    this.name = new.target.name;
    this.signal = signal;
  }
}

/** The exit code for a failure that reached the top. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof SignalReceivedError) {
    return error.signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
  }
  return error instanceof ShaleError && error.code === 'USAGE_INVALID' ? ExitCode.usage : ExitCode.failed;
}

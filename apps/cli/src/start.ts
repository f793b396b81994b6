import { ExitCode, exitCodeOf, SignalReceivedError } from './errors/exit-code.ts';
import { formatError } from './errors/report-error.ts';
import { palette } from './terminal/palette.ts';

/** Runs the process's own command line, and ends the process if it fails. */
export async function start(version: string): Promise<void> {
  const { argv, env, stdout, stderr } = process;
  const stdin = () => process.stdin;
  const report = (error: unknown) => {
    const verbose = argv.includes('--verbose') || argv.includes('-v') || isSet(env['ENVBUILDER_VERBOSE']);
    const text = formatError(error, { verbose, stacks: isSet(env['SHALE_DEBUG']), palette: palette(stderr, env) });
    stderr.write(`${text}\n`);
    process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', report);
  // Node warns of its own experimental parts: nothing that a user could act on.
  if (!isSet(env['SHALE_DEBUG'])) process.removeAllListeners('warning');
  stdout.on('error', endWhenReaderIsGone);
  const signal = abortOnSignals();
  try {
    const { runProgram } = await import('./program.ts');
    await runProgram(argv.slice(2), { version, env, cwd: process.cwd(), stdin, stdout, stderr, signal });
  } catch (error) {
    report(signal.aborted ? signal.reason : error);
  }
}

/** Ctrl-C reaches a process in a user namespace twice: from the terminal, and from the process that started it. */
const SAME_SIGNAL_MS = 500;

/** The first signal asks the command to stop and clean up; the second ends the process at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let abortedAt = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const reason = new SignalReceivedError(name);
      if (!controller.signal.aborted) abortedAt = performance.now();
      else if (performance.now() - abortedAt > SAME_SIGNAL_MS) process.exit(exitCodeOf(reason));
      controller.abort(reason);
    });
  }
  return controller.signal;
}

function endWhenReaderIsGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(ExitCode.failed);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

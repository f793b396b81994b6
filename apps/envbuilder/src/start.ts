import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { enterPrivateMounts } from '@shale/builder/isolation';
import { recoverRoot } from '@shale/builder/root';
import { ShaleError } from '@shale/core';
import { loadSystemCalls, ProcessControl } from '@shale/core/linux';
import { handOver } from '@shale/workspace';
import { reportError } from './errors/report-error.ts';
import { buildAhead, PLAN_VARIABLE, writeFailure } from './images/user-namespace-build.ts';
import { runProgram } from './program.ts';
import { MAGIC_DIRECTORY, workspacePaths } from './state/workspace-paths.ts';

/** Runs the process's own command line, and ends the process: as init, or with an exit code. */
export async function start(): Promise<void> {
  const { argv, stdout, stderr, stdin } = process;
  const { [PLAN_VARIABLE]: planFile, SHALE_OPEN_FILES: openFiles, SHALE_USER_NAMESPACE: _, ...env } = process.env;
  process.removeAllListeners('warning');
  const signal = abortOnSignals();
  try {
    await secureProcess(planFile === undefined);
    useOwnTemporaryDirectory();
    offerOwnPrograms();
    const result = await runProgram(argv.slice(2), {
      env,
      writeOut: (text) => void stdout.write(text),
      writeLog: (text) => void stderr.write(text),
      isTerminal: stdin.isTTY && stdout.isTTY,
      signal,
      planFile,
      buildAhead: planFile === undefined ? buildAhead({ env, paths: workspacePaths() }) : undefined,
    });
    if (result.type === 'hand over')
      handOver(result.handover, {
        streams: [stdout, stderr],
        openFiles: openFiles === undefined ? undefined : Number(openFiles),
      });
    process.exit(0);
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (planFile !== undefined) writeFailure(planFile, reason);
    if (planFile === undefined || !(reason instanceof ShaleError)) tell(reason);
    process.exit(1);
  }
}

function tell(reason: unknown): void {
  const { stderr, env } = process;
  stderr.write(reportError(reason));
  if (env['SHALE_DEBUG'] && reason instanceof Error) stderr.write(`${reason.stack}\n`);
}

/**
 * No step may read this process's memory, environment or descriptors; and mounts, where they are allowed, are seen by
 * nobody else. Comes before anything asynchronous.
 * @param isAlone No other process of this program is at work.
 */
async function secureProcess(isAlone: boolean): Promise<void> {
  const calls = loadSystemCalls();
  if (calls === undefined) return;
  calls.prctl(ProcessControl.setDumpable, 0);
  if (isAlone) recoverRoot(MAGIC_DIRECTORY);
  await enterPrivateMounts(calls).catch(() => undefined);
}

/** An image from scratch has no /tmp, and steps must not see what is in ours. */
function useOwnTemporaryDirectory(): void {
  const directory = workspacePaths().secrets;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  process.env['TMPDIR'] = directory;
}

/** An image from scratch has no shell either, and none of the programs that layers, locks and sandboxes are made with. */
function offerOwnPrograms(): void {
  const directory = join(MAGIC_DIRECTORY, 'bin');
  process.env['PATH'] = `${directory}:${process.env['PATH'] ?? ''}`;
  const isPushed = existsSync(workspacePaths().image); // its root stays as it was built
  if (isPushed || existsSync('/bin') || !existsSync(join(directory, 'sh'))) return;
  mkdirSync('/bin');
  copyFileSync(join(directory, 'sh'), '/bin/sh'); // no link: sandboxes see /bin alone
}

/** PID 1 gets no signal that it does not ask for. The first one stops the work, the second the process. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
      controller.abort(new Error(name === 'SIGINT' ? 'interrupted' : 'terminated'));
    });
  }
  return controller.signal;
}

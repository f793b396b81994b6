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

/** Runs the command line of the process. Then the process becomes init, or exits. */
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
 * Keeps steps from reading memory, environment and descriptors of this process, and hides its mounts from other processes.
 * Must run before anything asynchronous.
 * @param isAlone Whether no other process of this program is running.
 */
async function secureProcess(isAlone: boolean): Promise<void> {
  const calls = loadSystemCalls();
  if (calls === undefined) return;
  calls.prctl(ProcessControl.setDumpable, 0);
  if (isAlone) recoverRoot(MAGIC_DIRECTORY);
  await enterPrivateMounts(calls).catch(() => undefined);
}

/** An image from scratch has no /tmp, and steps must not see temporary files of this program. */
function useOwnTemporaryDirectory(): void {
  const directory = workspacePaths().secrets;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  process.env['TMPDIR'] = directory;
}

/** An image from scratch has no shell, and no programs for layers, locks and sandboxes. */
function offerOwnPrograms(): void {
  const directory = join(MAGIC_DIRECTORY, 'bin');
  process.env['PATH'] = `${directory}:${process.env['PATH'] ?? ''}`;
  const isPushed = existsSync(workspacePaths().image); // its root must not change
  if (isPushed || existsSync('/bin') || !existsSync(join(directory, 'sh'))) return;
  mkdirSync('/bin');
  copyFileSync(join(directory, 'sh'), '/bin/sh'); // not a link: sandboxes see only /bin
}

/** PID 1 gets only signals that it handles. The first one stops the work, the second one the process. */
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

import { ShaleError } from '@shale/core';
import type { RunAction } from '../graph/build-graph.ts';
import { resolveUser } from '../tree/users.ts';
import { openRunMounts } from './run-mounts.ts';
import type { StepContext } from './step-context.ts';

const HOSTNAME = 'buildkitsandbox';
/** What a failed step's error quotes of its output, in bytes. */
const KEPT_OUTPUT_BYTES = 8 * 1024;

/** A command of the Dockerfile ended with another code than 0. */
export class StepFailedError extends ShaleError {
  readonly code = 'STEP_FAILED';
  readonly exitCode: number;
  /** The end of what the command printed. */
  readonly output: string;

  constructor(args: readonly string[], exitCode: number, output: string) {
    const process = JSON.stringify(args.join(' '));
    super(`process ${process} did not complete successfully: exit code: ${exitCode}`, { hint: hintFor(exitCode) });
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** There is no way to run a command here. */
export class ExecutorUnavailableError extends ShaleError {
  readonly code = 'EXECUTOR_UNAVAILABLE';
}

function hintFor(exitCode: number): string | undefined {
  if (exitCode === 127) return 'The program was not found in the image: is it installed, and on PATH?';
  if (exitCode === 126) return 'The program is there but cannot be executed: check its mode and its architecture.';
  return exitCode === 137 ? 'It was killed, perhaps for want of memory.' : undefined;
}

export async function runStep(action: RunAction, context: StepContext): Promise<void> {
  const { isolation, options, step, tree, signal, onRelinked } = context;
  if (isolation.executor === undefined) {
    throw new ExecutorUnavailableError(`RUN cannot be executed here: ${isolation.reason}`, {
      hint: 'Run shale as root, or where user namespaces are allowed.',
    });
  }
  const user = resolveUser(tree, action.user);
  await using mounts = await openRunMounts(action, context);
  const tail = createTail(KEPT_OUTPUT_BYTES);
  const exitCode = await isolation.executor.run(
    {
      root: tree,
      args: action.args,
      env: withHome([...action.environment, ...action.hiddenEnvironment, ...mounts.environment], user.home),
      cwd: action.cwd,
      user,
      hostname: action.hostname ?? HOSTNAME,
      network: action.network,
      security: action.security,
      mounts: mounts.mounts,
    },
    {
      signal,
      onRelinked,
      onOutput(stream, data) {
        tail.add(data);
        options.onProgress?.({ type: 'step.output', step: step.info, stream, data });
      },
    },
  );
  if (exitCode !== 0) throw new StepFailedError(action.args, exitCode, tail.text());
}

/** runc sets HOME from passwd for a process that has none: steps rely on it. */
function withHome(environment: readonly string[], home: string): readonly string[] {
  return environment.some((entry) => entry.startsWith('HOME=')) ? environment : [...environment, `HOME=${home}`];
}

function createTail(maxBytes: number): { add(data: Uint8Array): void; text(): string } {
  let kept = Buffer.alloc(0);
  return {
    add(data) {
      kept = Buffer.concat([kept, data]).subarray(-maxBytes);
    },
    text: () => kept.toString('utf8'),
  };
}

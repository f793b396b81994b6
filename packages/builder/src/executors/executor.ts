import type { CallOptions } from '@shale/core';
import type { ProcessUser } from '../tree/users.ts';

/** Mounted over the tree while the command runs; `target` is absolute inside the tree, resolved within it. */
export type StepMount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  /** Shows `source`, takes writes, and drops them when the command ends. */
  | { readonly type: 'overlay'; readonly source: string; readonly target: string }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes?: number | undefined;
      readonly mode?: number | undefined;
    };

/** One command in a tree. */
export interface StepProcess {
  /** The tree that becomes `/`. */
  readonly root: string;
  readonly args: readonly string[];
  /** `NAME=value`. Nothing else is inherited. */
  readonly env: readonly string[];
  /** Absolute inside the tree; made when missing. */
  readonly cwd: string;
  readonly user: ProcessUser;
  readonly hostname: string;
  /** `none` has loopback only. */
  readonly network: 'host' | 'none';
  /** `insecure` keeps every capability that the builder has, and hides nothing. */
  readonly security: 'sandbox' | 'insecure';
  readonly mounts: readonly StepMount[];
}

export interface RunProcessOptions extends CallOptions {
  /** Called with each chunk as it comes. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Uint8Array) => void;
  /**
   * Called after the step with paths in the tree, without a slash in front: the executor renamed these files, and the step
   * left them alone. Their ctime says nothing.
   */
  readonly onRelinked?: ((paths: ReadonlySet<string>) => void) | undefined;
}

/** Runs a step's command. On abort: SIGTERM, then everything that the step started is killed. */
export interface Executor {
  /** Stable, for progress and `--isolation`: `namespaces`, `chroot`, `in-place`. */
  readonly name: string;
  /** The exit code: 127 when the program was not found, 128 + n when signal n ended it. Nothing of the step outlives the call. */
  run(process: StepProcess, options: RunProcessOptions): Promise<number>;
}

/** An executor that runs one step at a time, and whose steps can write to the trees of other steps. */
export interface SerialExecutor extends Executor {
  /** Waits until no other step has the turn. Hold it while files exist that only this step may see. */
  takeTurn(options?: CallOptions): Promise<Disposable>;
  /** When the last step ended, as `performance.now()`; 0 before the first. */
  lastStepEndedMs(): number;
}

export function isSerial(executor: Executor): executor is SerialExecutor {
  return 'takeTurn' in executor;
}

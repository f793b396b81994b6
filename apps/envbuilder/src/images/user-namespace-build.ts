import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInUserNamespace, wantsUserNamespace } from '@shale/builder/isolation';
import { type CallOptions, type ErrorCode, LocatedError, ShaleError, type SourcePlace } from '@shale/core';
import type { Environment } from '../options/read-options.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';
import type { ImagePlan } from './images.ts';

/** The variable that names the file of the plan, for the process that builds it. */
export const PLAN_VARIABLE = 'SHALE_BUILD_PLAN';

/** Builds a plan in another process, so that the caches have all of its layers. */
export type BuildAhead = (plan: ImagePlan, options: CallOptions) => Promise<void>;

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly place?: SourcePlace | undefined;
  readonly excerpt?: string | undefined;
}

class BuildAheadFailedError extends ShaleError {
  readonly code: ErrorCode;

  constructor({ code, message, hint }: Failure) {
    super(message, { hint });
    this.code = code;
  }
}

export interface BuildAheadWiring {
  /** The environment that this program was started with. */
  readonly env: Environment;
  readonly paths: WorkspacePaths;
}

/**
 * Runs steps in a user namespace, where they see neither `/.envbuilder` nor the root file system of the container. It is for
 * containers that allow user namespaces but no mounts, as in Kubernetes. This process stays outside, to replace the root.
 * @returns `undefined` if there is no use for it. It does nothing if user namespaces turn out to be forbidden.
 */
export function buildAhead({ env, paths }: BuildAheadWiring): BuildAhead | undefined {
  if (process.getuid?.() !== 0 || !wantsUserNamespace()) return undefined;
  return async (plan) => {
    mkdirSync(paths.secrets, { recursive: true, mode: 0o700 });
    const directory = mkdtempSync(join(paths.secrets, 'build-'));
    try {
      const planFile = join(directory, 'plan.json');
      writeFileSync(planFile, JSON.stringify(plan));
      const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
      const status = await runInUserNamespace({
        command,
        env: { ...env, PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], [PLAN_VARIABLE]: planFile },
      });
      if (status !== undefined && status !== 0) throw failureOf(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

function failureOf(directory: string): Error {
  try {
    const failure = JSON.parse(readFileSync(join(directory, 'failure.json'), 'utf8')) as Failure;
    const { place, excerpt } = failure;
    const error = new BuildAheadFailedError(failure);
    return place === undefined ? error : new LocatedError(error, place, excerpt ?? '');
  } catch {
    return new Error('The build in a user namespace ended without a result');
  }
}

export function readPlan(planFile: string): ImagePlan {
  return JSON.parse(readFileSync(planFile, 'utf8')) as ImagePlan;
}

/** Writes the failure for the process that waits. */
export function writeFailure(planFile: string, error: unknown): void {
  if (!(error instanceof ShaleError)) return;
  const { code, message, hint } = error;
  const { place, excerpt } = error instanceof LocatedError ? error : {};
  const failure: Failure = { code, message, hint, place, excerpt };
  writeFileSync(join(dirname(planFile), 'failure.json'), JSON.stringify(failure));
}

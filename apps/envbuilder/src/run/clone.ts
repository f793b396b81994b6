import { ShaleError } from '@shale/core';
import { cloneRepository, describeAddress, parseRepositoryAddress } from '@shale/workspace';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import { gitAccess } from './git-access.ts';

/** The result of the clone into the workspace folder. */
export interface Checkout {
  readonly cloned: boolean;
  /** Why it failed. */
  readonly failure: ShaleError | undefined;
}

/** A clone for the build alone needs no history. */
const FOR_THE_BUILD = { depth: 1, singleBranch: true };

/** Clones into the workspace folder. Returns a failure instead of throwing it: the fallback image may still start. */
export async function cloneWorkspace(run: WorkspaceRun): Promise<Checkout> {
  const { options, host, folder, signal } = run;
  if (options.gitUrl === undefined) return { cloned: false, failure: undefined };
  try {
    const { gitCloneDepth: depth, gitCloneSingleBranch: singleBranch } = options;
    return { cloned: await clone(run, folder, { depth, singleBranch }), failure: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ShaleError)) throw error;
    host.log('error', `Failed to clone repository: ${error.message}`);
    host.log('error', 'Falling back to the default image...');
    return { cloned: false, failure: error };
  }
}

/** Clones for the build alone, so that changes in the workspace folder do not matter. */
export async function cloneForTheBuild(run: WorkspaceRun, directory: string): Promise<void> {
  await clone(run, directory, FOR_THE_BUILD);
}

async function clone(
  { options, host, stages, signal }: WorkspaceRun,
  directory: string,
  extent: { readonly depth: number; readonly singleBranch: boolean },
): Promise<boolean> {
  const { log, git, env, paths } = host;
  const address = parseRepositoryAddress(options.gitUrl ?? '');
  const done = stages.start(`📦 Cloning ${describeAddress(address)} to ${directory}...`);
  const cloned = await cloneRepository({
    address,
    directory,
    git,
    access: gitAccess(options, env),
    privateDir: paths.secrets,
    ...extent,
    submodules: options.gitCloneSubmodules,
    onLine: (line) => log('info', line),
    onHostKey: (key) => log('info', `🔑 Got host key: ${key}`),
    signal,
  });
  done(cloned ? '📦 Cloned repository!' : '📦 The repository already exists!');
  return cloned;
}

import { ShaleError } from '@shale/core';
import { cloneRepository, describeAddress, parseRepositoryAddress } from '@shale/workspace';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import { gitAccess } from './git-access.ts';

/** What became of the clone into the workspace folder. */
export interface Checkout {
  readonly cloned: boolean;
  /** Why there is none. */
  readonly failure: ShaleError | undefined;
}

/** What differs from the options in a clone that is only for the build. */
const FOR_THE_BUILD = { depth: 1, singleBranch: true };

/** Clones into the workspace folder. A failure is kept: the fallback image may be started in spite of it. */
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

/** Clones for the build alone: its state is the server's, whatever is in the workspace folder. */
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

import { existsSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { getBuiltinModule } from 'node:process';
import { dirname, join } from 'node:path';
import { enterPrivateMounts, runInUserNamespace, wantsUserNamespace } from '@shale/builder/isolation';
import { loadSystemCalls } from '@shale/core/linux';
import type { Session } from '../session.ts';
import { stateDirectory } from './state-directory.ts';

export interface NamespaceWishes extends Pick<Session, 'env' | 'cwd'> {
  readonly stateDir: string | undefined;
  /** The value of `--isolation`. */
  readonly isolation: string | undefined;
}

interface CareInvocation extends Pick<Session, 'env' | 'cwd'> {
  readonly options: Readonly<Record<'stateDir' | 'cacheRepo' | 'layerCacheDir', string | undefined>>;
}

/**
 * Gives a build private mounts. For an ordinary user, it runs this command line again as root of a user namespace, and ends
 * this process with the exit code of that run. Where neither is allowed, the build uses another isolation, and reports why.
 *
 * Call it first: it works only before anything asynchronous has touched a file.
 */
export async function takeOwnNamespaces(wishes: NamespaceWishes): Promise<void> {
  if (wantsUserNamespace() && !isRootWithoutMounts(wishes)) {
    const exitCode = await runInUserNamespace({ command: thisCommand(), env: inheritedEnvironment(wishes) });
    if (exitCode !== undefined) process.exit(exitCode);
  }
  const calls = loadSystemCalls();
  if (calls !== undefined) await enterPrivateMounts(calls).catch(() => undefined);
}

/**
 * For commands that read or remove the files of builds: an ordinary user owns those files only inside the user namespace.
 * Call it first, like `takeOwnNamespaces`.
 */
export async function takeCareNamespaces({ options, env, cwd }: CareInvocation): Promise<void> {
  if (process.getuid?.() === 0 || options.cacheRepo !== undefined || options.layerCacheDir !== undefined) return;
  const stateDir = stateDirectory(options.stateDir, { env, cwd });
  const hasTrees = ['snapshots', 'trees', 'cache-mounts'].some((name) => existsSync(join(stateDir, name)));
  if (hasTrees) await takeOwnNamespaces({ env, cwd, stateDir: options.stateDir, isolation: undefined });
}

/** `--isolation chroot` and `in-place` need no namespace for root, and are used where none can be made. */
function isRootWithoutMounts({ isolation = '' }: NamespaceWishes): boolean {
  return process.getuid?.() === 0 && isolation.split('+').some((word) => word === 'chroot' || word === 'in-place');
}

function thisCommand(): readonly string[] {
  // a single executable has its own path where others have that of their script
  const isSingle = getBuiltinModule('node:sea')?.isSea();
  return [process.execPath, ...process.execArgv, ...process.argv.slice(isSingle ? 2 : 1)];
}

/** Everybody is root inside, so settings that depend on the user are resolved here. */
function inheritedEnvironment(wishes: NamespaceWishes): NodeJS.ProcessEnv {
  const compiled = getCompileCacheDir();
  return {
    ...wishes.env,
    SHALE_STATE_DIR: stateDirectory(wishes.stateDir, wishes),
    // without the folder for this version of Node, which Node adds itself
    ...(compiled !== undefined && { NODE_COMPILE_CACHE: dirname(compiled) }),
  };
}

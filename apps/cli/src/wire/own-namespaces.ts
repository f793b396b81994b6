import { existsSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { getBuiltinModule } from 'node:process';
import { dirname, join } from 'node:path';
import { enterPrivateMounts, runInUserNamespace, wantsUserNamespace } from '@shale/builder';
import { loadSystemCalls } from '@shale/core/linux';
import type { Session } from '../commands/command.ts';
import { stateDirectory } from './state-directory.ts';

export interface NamespaceWishes extends Pick<Session, 'env' | 'cwd'> {
  readonly stateDir: string | undefined;
  /** As `--isolation` says it. */
  readonly isolation: string | undefined;
}

interface CareInvocation extends Pick<Session, 'env' | 'cwd'> {
  readonly options: Readonly<Record<'stateDir' | 'cacheRepo' | 'layerCacheDir', string | undefined>>;
}

/**
 * Gives a build mounts that nobody else sees. An ordinary user gets them by running this very command line again as root
 * of a user namespace; then this process ends with that one's exit code. Where neither is allowed other ways of isolation
 * are left, and the choice of them says why.
 *
 * Comes first: it is possible only before anything asynchronous has touched a file.
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
 * For commands that read or remove the files of builds: an ordinary user owns those only in the namespace that builds
 * made. Comes first, as `takeOwnNamespaces` does.
 */
export async function takeCareNamespaces({ options, env, cwd }: CareInvocation): Promise<void> {
  if (process.getuid?.() === 0 || options.cacheRepo !== undefined || options.layerCacheDir !== undefined) return;
  const stateDir = stateDirectory(options.stateDir, { env, cwd });
  const hasTrees = ['snapshots', 'trees', 'cache-mounts'].some((name) => existsSync(join(stateDir, name)));
  if (hasTrees) await takeOwnNamespaces({ env, cwd, stateDir: options.stateDir, isolation: undefined });
}

/** `--isolation chroot` and `in-place` need no namespace as root, and are asked for where there is none. */
function isRootWithoutMounts({ isolation = '' }: NamespaceWishes): boolean {
  return process.getuid?.() === 0 && isolation.split('+').some((word) => word === 'chroot' || word === 'in-place');
}

function thisCommand(): readonly string[] {
  // a single executable has its own path where others have that of their script
  const isSingle = getBuiltinModule('node:sea')?.isSea();
  return [process.execPath, ...process.execArgv, ...process.argv.slice(isSingle ? 2 : 1)];
}

/** Inside, everybody is root: what depends on who the user is, is settled here. */
function inheritedEnvironment(wishes: NamespaceWishes): NodeJS.ProcessEnv {
  const compiled = getCompileCacheDir();
  return {
    ...wishes.env,
    SHALE_STATE_DIR: stateDirectory(wishes.stateDir, wishes),
    // Without the folder for this version of Node, which Node adds itself.
    ...(compiled !== undefined && { NODE_COMPILE_CACHE: dirname(compiled) }),
  };
}

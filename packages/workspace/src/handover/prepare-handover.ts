import { existsSync, lchownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedUser } from '@shale/builder';
import { type CallOptions, messageOf } from '@shale/core';
import type { StartConfig } from '../image-file.ts';
import type { Stages } from '../log/stages.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { WorkspaceHost } from '../run-workspace.ts';
import type { Lifecycle } from '../source/build-source.ts';
import { changeOwner, changeOwnerOnce } from './change-owner.ts';
import { parseEtcEnvironment } from './etc-environment.ts';
import { checkHandover, type Handover } from './hand-over.ts';
import { formatEnvFile, initEnvironment } from './init-environment.ts';
import { runSetupScript } from './setup-script.ts';
import { splitShellWords } from './shell-words.ts';
import { nameOf, targetUser } from './target-user.ts';

export interface PrepareHandoverOptions extends CallOptions {
  readonly options: WorkspaceOptions;
  readonly host: WorkspaceHost;
  readonly start: StartConfig;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly lifecycle?: Lifecycle | undefined;
  readonly fallbackReason?: string | undefined;
  /** The workspace. */
  readonly folder: string;
  readonly isCloned: boolean;
  /** It was not there before. */
  readonly isFolderNew: boolean;
  readonly isFirstStart: boolean;
  readonly stages: Stages;
}

/** In the finished root: environment, user, owners, hooks, setup script. @returns what init is */
export async function prepareHandover(wish: PrepareHandoverOptions): Promise<Handover> {
  const { options, host, start, folder, isFirstStart, stages, signal } = wish;
  const root = host.root ?? '/';
  const { all, exported } = environmentOf(wish, root);
  if (options.exportEnvFile !== undefined) exportEnvironment(options.exportEnvFile, formatEnvFile(exported));
  if (start.user === '') host.log('warn', 'No user is specified in the image; init runs as root');
  let user = targetUser(root, start.user);
  giveFolders(user, wish);
  const env = { ...all, HOME: user.home };
  if (wish.lifecycle !== undefined) {
    await wish.lifecycle.run({ isFirstStart, directory: folder, env, user }).catch((error: Error) => {
      host.log('error', `Lifecycle commands: ${error.message}`);
    });
  }
  let command = options.initCommand;
  let args = options.initArgs === undefined ? ['-c', options.initScript] : splitShellWords(options.initArgs);
  if (options.setupScript !== undefined) {
    const done = stages.start('=== Running the setup script as the root user...');
    const result = await runSetupScript({
      script: options.setupScript,
      env: all,
      directory: folder,
      targetUser: nameOf(user),
      environmentFile: host.paths.setupEnvironment,
      isTerminal: host.isTerminal ?? false,
      log: host.log,
      signal,
    });
    done('=== Ran the setup script!');
    command = result.initCommand ?? command;
    args = [...(result.initArgs ?? args)];
    if (result.targetUser !== undefined) user = targetUser(root, result.targetUser);
  }
  checkHandover({ command });
  host.log(
    'info',
    `=== Running init command as user ${JSON.stringify(nameOf(user))}: ${shownWords([command, ...args])}`,
  );
  return { command, args, env: { ...all, HOME: user.home }, directory: folder, user };
}

function environmentOf({ host, start, environment, fallbackReason }: PrepareHandoverOptions, root: string) {
  const etc = join(root, 'etc/environment');
  return initEnvironment({
    process: { ...host.env, ...subsystem(host) },
    ownDirectory: host.paths.directory,
    etcEnvironment: existsSync(etc) ? parseEtcEnvironment(readFileSync(etc, 'utf8')) : {},
    image: start.env,
    added: { ...environment, ...(fallbackReason !== undefined && { SHALE_FALLBACK_REASON: fallbackReason }) },
  });
}

/** Where Coder's agent, started by init, learns what made its environment. */
function subsystem({ env }: WorkspaceHost): Readonly<Record<string, string>> {
  if (env['CODER_AGENT_URL'] === undefined) return {};
  const others = (env['CODER_AGENT_SUBSYSTEM'] ?? '').split(',').filter((name) => name !== '' && name !== 'envbuilder');
  return { CODER_AGENT_SUBSYSTEM: [...others, 'envbuilder'].join(',') };
}

function exportEnvironment(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The workspace is walked when it was just cloned, the home when its top is not the user's yet. */
function giveFolders(
  user: ResolvedUser,
  { folder, isCloned, isFolderNew, stages, host }: PrepareHandoverOptions,
): void {
  mkdirSync(folder, { recursive: true });
  if (user.uid === 0) return;
  if (isCloned) {
    const done = stages.start('🔄 Updating the ownership of the workspace...');
    changeOwner(folder, user);
    done('👤 Updated the ownership of the workspace!');
  } else if (isFolderNew) lchownSync(folder, user.uid, user.gid);
  if (user.home === '/' || user.home === '') return;
  try {
    const done = stages.start(`🔄 Updating ownership of ${user.home}...`);
    const changed = changeOwnerOnce(join(host.root ?? '/', user.home), user);
    done(changed ? `🏡 Updated ownership of ${user.home}!` : `🏡 ${user.home} is owned by ${nameOf(user)} already`);
  } catch (error) {
    host.log('error', `chown ${user.home}: ${messageOf(error)}`);
  }
}

/** As envbuilder shows a list of words. */
function shownWords(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '@shale/core';
import { checkHandover, type Handover, parseEtcEnvironment } from '@shale/workspace';
import { splitShellWords } from '../options/shell-words.ts';
import type { WorkspaceHost } from '../session/workspace-host.ts';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import type { Lifecycle } from '../source/build-source.ts';
import type { StartConfig } from '../state/image-file.ts';
import { giveFolders } from './give-folders.ts';
import { formatEnvFile, type InitEnvironment, initEnvironment } from './init-environment.ts';
import { runSetupScript, type SetupResult } from './setup-script.ts';
import { nameOf, targetUser } from './target-user.ts';

/** The image to start, and what happened before. */
export interface HandoverRequest {
  readonly start: StartConfig;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly lifecycle?: Lifecycle | undefined;
  readonly fallbackReason?: string | undefined;
  /** The repository was cloned at this start. */
  readonly isCloned: boolean;
  /** The workspace folder was not there before. */
  readonly isFolderNew: boolean;
  readonly isFirstStart: boolean;
}

/**
 * Prepares init in the finished root: sets the environment, finds the user, changes owners, runs the lifecycle commands and
 * the setup script.
 */
export async function prepareHandover(run: WorkspaceRun, request: HandoverRequest): Promise<Handover> {
  const { options, host, folder } = run;
  const { start, lifecycle, isFirstStart } = request;
  const root = host.root ?? '/';
  const { all, exported } = environmentOf(host, request);
  if (options.exportEnvFile !== undefined) exportEnvironment(options.exportEnvFile, formatEnvFile(exported));
  if (start.user === '') host.log('warn', 'No user is specified in the image; init runs as root');
  const imageUser = targetUser(root, start.user);
  giveFolders(run, imageUser, request);
  const env = { ...all, HOME: imageUser.home };
  await lifecycle?.run({ isFirstStart, directory: folder, env, user: imageUser }).catch((error: unknown) => {
    host.log('error', `Lifecycle commands: ${messageOf(error)}`);
  });
  const setup = await runSetup(run, all, nameOf(imageUser));
  const user = setup.targetUser === undefined ? imageUser : targetUser(root, setup.targetUser);
  const command = setup.initCommand ?? options.initCommand;
  const args = setup.initArgs ?? initArguments(options);
  checkHandover({ command });
  const shown = shownWords([command, ...args]);
  host.log('info', `=== Running init command as user ${JSON.stringify(nameOf(user))}: ${shown}`);
  return { command, args, env: { ...all, HOME: user.home }, directory: folder, user };
}

function initArguments({ initArgs, initScript }: WorkspaceRun['options']): readonly string[] {
  return initArgs === undefined ? ['-c', initScript] : splitShellWords(initArgs);
}

async function runSetup(
  { options, host, folder, stages, signal }: WorkspaceRun,
  env: InitEnvironment['all'],
  user: string,
): Promise<SetupResult> {
  if (options.setupScript === undefined) return {};
  const done = stages.start('=== Running the setup script as the root user...');
  const result = await runSetupScript({
    script: options.setupScript,
    env,
    directory: folder,
    targetUser: user,
    environmentFile: host.paths.setupEnvironment,
    isTerminal: host.isTerminal ?? false,
    log: host.log,
    signal,
  });
  done('=== Ran the setup script!');
  return result;
}

function environmentOf(host: WorkspaceHost, { start, environment, fallbackReason }: HandoverRequest): InitEnvironment {
  const etc = join(host.root ?? '/', 'etc/environment');
  return initEnvironment({
    process: { ...host.env, ...subsystem(host) },
    ownDirectory: host.paths.directory,
    etcEnvironment: existsSync(etc) ? parseEtcEnvironment(readFileSync(etc, 'utf8')) : {},
    image: start.env,
    added: { ...environment, ...(fallbackReason !== undefined && { SHALE_FALLBACK_REASON: fallbackReason }) },
  });
}

/** Tells Coder's agent, which init starts, that envbuilder made its environment. */
function subsystem({ env }: WorkspaceHost): Readonly<Record<string, string>> {
  if (env['CODER_AGENT_URL'] === undefined) return {};
  const others = (env['CODER_AGENT_SUBSYSTEM'] ?? '').split(',').filter((name) => name !== '' && name !== 'envbuilder');
  return { CODER_AGENT_SUBSYSTEM: [...others, 'envbuilder'].join(',') };
}

function exportEnvironment(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The form in which envbuilder shows a list of words. */
function shownWords(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@shale/core';
import { replaceRoot } from '@shale/builder/root';
import type { GitProgram } from '@shale/git';
import type { Handover } from '@shale/workspace';
import { type BuildAhead, readPlan } from './images/user-namespace-build.ts';
import { openWorkspaceImages } from './images/workspace-images.ts';
import { openCoderLog } from './log/coder-log.ts';
import { combinedLog, lineLog, redactedLog } from './log/log.ts';
import { secretsOf } from './log/secrets-of.ts';
import { helpText } from './options/help.ts';
import { type Environment, readCommandLine } from './options/read-options.ts';
import { probeWorkspace } from './run/probe-workspace.ts';
import { runWorkspace } from './run/run-workspace.ts';
import type { RootReplacement } from './session/root-replacement.ts';
import type { WorkspaceHost } from './session/workspace-host.ts';
import { dockerfileSource } from './source/dockerfile-source.ts';
import { type WorkspacePaths, workspacePaths } from './state/workspace-paths.ts';
import { version } from './version.ts';

/** What the process gives to the program. */
export interface Session {
  readonly env: Environment;
  readonly writeOut: (text: string) => void;
  readonly writeLog: (text: string) => void;
  readonly isTerminal: boolean;
  readonly signal?: AbortSignal | undefined;
  /** @default the paths in '/.envbuilder' */
  readonly paths?: WorkspacePaths | undefined;
  /** @default the real one, which fails outside a container */
  readonly rootReplacement?: RootReplacement | undefined;
  /** @default steps run in this process */
  readonly buildAhead?: BuildAhead | undefined;
  /** A file with a plan: only build it, for a process that waits. */
  readonly planFile?: string | undefined;
}

export type ProgramResult = { readonly type: 'done' } | { readonly type: 'hand over'; readonly handover: Handover };

/** @param argv Without the program's own name. @throws {ShaleError} */
export async function runProgram(argv: readonly string[], session: Session): Promise<ProgramResult> {
  const { env, writeOut, writeLog, isTerminal, signal, paths = workspacePaths() } = session;
  const line = readCommandLine(argv, env);
  if (line.type === 'help') {
    writeOut(helpText());
    return { type: 'done' };
  }
  const { options } = line;
  const lines = lineLog(writeLog, { verbose: options.verbose });
  const { coderAgentUrl: url, coderAgentToken: token } = options;
  const coder =
    url === undefined || token === undefined
      ? undefined
      : openCoderLog({ url, token, onFailure: (message) => lines('error', message) });
  const log = redactedLog(coder === undefined ? lines : combinedLog(lines, coder.log), secretsOf(options));
  try {
    await using images = openWorkspaceImages({ options, env, paths, log, signal, buildAhead: session.buildAhead });
    if (session.planFile !== undefined) {
      await images.build(readPlan(session.planFile), { signal });
      return { type: 'done' };
    }
    const host: WorkspaceHost = {
      version,
      env,
      log,
      git: ownGit(paths, env),
      images,
      rootReplacement: session.rootReplacement ?? {
        replaceRoot: (request) => replaceRoot({ ...request, directory: paths.directory }),
      },
      sources: [dockerfileSource],
      paths,
      isTerminal,
    };
    if (!options.getCachedImage) return { type: 'hand over', handover: await runWorkspace(options, host, { signal }) };
    writeOut(`ENVBUILDER_CACHED_IMAGE=${await probeWorkspace(options, host, { signal })}\n`);
    return { type: 'done' };
  } catch (error) {
    // the caller prints it on the terminal
    if (coder !== undefined && session.planFile === undefined)
      redactedLog(coder.log, secretsOf(options))('error', `error: ${messageOf(error)}`);
    throw error;
  } finally {
    await coder?.close();
  }
}

/** The image has its own git, which needs nothing from the root file system. */
function ownGit({ directory }: WorkspacePaths, env: Environment): GitProgram {
  const own = join(directory, 'bin/git');
  const passed = [
    'PATH',
    'SSH_AUTH_SOCK',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
  ];
  const variables = passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return {
    path: existsSync(own) ? own : 'git',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/root', ...Object.fromEntries(variables) },
  };
}

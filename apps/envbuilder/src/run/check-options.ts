import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ShaleError } from '@shale/core';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import { MAGIC_DIRECTORY } from '../state/workspace-paths.ts';

/** KANIKO_DIR names a folder that does not keep its content. */
class SafetyError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** Warns of options that have no effect or an unexpected one. @throws {SafetyError} */
export function checkOptions({ options, host }: WorkspaceRun): void {
  const { log, env } = host;
  const { cacheRepo, layerCacheDir, dockerConfigBase64, forceSafe, gitCloneThinpack } = options;
  const kanikoDirectory = env['KANIKO_DIR'] || undefined;
  if (kanikoDirectory !== undefined && kanikoDirectory !== MAGIC_DIRECTORY && !forceSafe) {
    throw new SafetyError(`delete filesystem: safety check failed: KANIKO_DIR is ${kanikoDirectory}`, {
      hint: `It must be ${MAGIC_DIRECTORY}, the folder that stays when the root is replaced.`,
    });
  }
  if (cacheRepo !== undefined && layerCacheDir !== undefined)
    log('warn', `Overriding cache repo with local registry... (layers: ${layerCacheDir}, then ${cacheRepo})`);
  for (const name of withoutEffect(options))
    log('warn', `ENVBUILDER_${name} has no effect: dev containers are not built yet`);
  if (options.buildContextPath !== undefined && options.dockerfilePath === undefined)
    log('warn', 'ENVBUILDER_BUILD_CONTEXT_PATH has no effect without ENVBUILDER_DOCKERFILE_PATH');
  if (!gitCloneThinpack) log('info', 'GIT_CLONE_THINPACK=false changes nothing: git negotiates with every server');
  if (dockerConfigBase64 !== undefined) reportDockerConfig(host);
}

function reportDockerConfig({ env, paths, log }: WorkspaceRun['host']): void {
  const configured = env['DOCKER_CONFIG'];
  const files = [configured && join(configured, 'config.json'), configured, paths.dockerConfig];
  const found = files.find((path) => path !== undefined && path !== '' && isFile(path));
  if (found !== undefined)
    log('warn', `DOCKER_CONFIG_BASE64 wins over the docker config ${found}; this file will remain after the build`);
  log('info', `Set DOCKER_CONFIG to ${join(paths.directory, '.docker')} (in memory: no file is written)`);
}

/** Options of dev containers, which cannot be built. */
function withoutEffect(options: WorkspaceOptions): readonly string[] {
  const { devcontainerDir, devcontainerJsonPath, postStartScriptPath } = options;
  const given = { DEVCONTAINER_DIR: devcontainerDir, DEVCONTAINER_JSON_PATH: devcontainerJsonPath };
  return Object.entries({ ...given, POST_START_SCRIPT_PATH: postStartScriptPath }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

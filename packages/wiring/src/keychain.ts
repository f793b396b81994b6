import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ProgressListener } from '@shale/core';
import { dockerConfigKeychain, type Keychain } from '@shale/registry';
import type { Environment } from './environment.ts';

export interface KeychainOptions {
  readonly env: Environment;
  /** A config.json, encoded; it wins over every file. */
  readonly dockerConfigBase64: string | undefined;
  readonly onProgress: ProgressListener;
}

/** Credentials from where docker, podman and envbuilder keep them. */
export function userKeychain({ env, dockerConfigBase64, onProgress }: KeychainOptions): Keychain {
  const text =
    dockerConfigBase64 === undefined ? undefined : Buffer.from(dockerConfigBase64, 'base64').toString('utf8');
  return dockerConfigKeychain({
    configs: text === undefined ? [] : [{ text, origin: 'ENVBUILDER_DOCKER_CONFIG_BASE64' }],
    paths: configPaths(env),
    helperPath: env['PATH'],
    helperEnvironment: env,
    onWarning: (message) => onProgress({ type: 'warning', code: 'credentials', message }),
  });
}

function configPaths(env: Environment): readonly string[] {
  const home = env['HOME'] ?? homedir();
  const docker = env['DOCKER_CONFIG'];
  const runtime = env['XDG_RUNTIME_DIR'];
  const named = [
    env['REGISTRY_AUTH_FILE'],
    // envbuilder takes the variable for the file itself as well.
    ...(docker === undefined ? [join(home, '.docker/config.json')] : [join(docker, 'config.json'), docker]),
    runtime === undefined ? undefined : join(runtime, 'containers/auth.json'),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
  ];
  return named.filter((path) => path !== undefined && path !== '') as string[];
}

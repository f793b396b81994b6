import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ProgressListener } from '@shale/core';
import { dockerConfigKeychain, type Keychain } from '@shale/registry';
import type { Environment } from '../environment.ts';
import type { CredentialSettings } from './registry-settings.ts';

export interface KeychainWiring {
  readonly env: Environment;
  readonly onProgress?: ProgressListener | undefined;
}

/** Credentials from docker config files; `docker-credential-*` programs are found in `PATH`. */
export function openKeychain(
  { configs, paths }: CredentialSettings,
  { env, onProgress = () => {} }: KeychainWiring,
): Keychain {
  return dockerConfigKeychain({
    configs,
    paths: paths ?? configPaths(env),
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
    // envbuilder also accepts the path of the file itself
    ...(docker === undefined ? [join(home, '.docker/config.json')] : [join(docker, 'config.json'), docker]),
    runtime === undefined ? undefined : join(runtime, 'containers/auth.json'),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
  ];
  return named.filter((path) => path !== undefined && path !== '') as string[];
}

import { existsSync } from 'node:fs';
import type { ProgressListener } from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import { openRegistryClient } from '@shale/wiring';
import type { Environment, WorkspaceOptions, WorkspacePaths } from '@shale/workspace';
import { parse } from 'jsonc-parser';

export interface RegistriesWiring {
  readonly options: WorkspaceOptions;
  readonly env: Environment;
  readonly paths: WorkspacePaths;
}

/** With the credentials, certificates, mirrors and the proxy that the options name: the same as for git. */
export function openRegistries(
  { options, env, paths }: RegistriesWiring,
  onProgress: ProgressListener,
): RegistryClient {
  const { dockerConfigBase64, gitHttpProxyUrl: proxy, insecure, sslCertBase64 } = options;
  const config = env['DOCKER_CONFIG'] ?? (existsSync(paths.dockerConfig) ? paths.dockerConfig : undefined);
  return openRegistryClient({
    options: {
      dockerConfigBase64: dockerConfigBase64 === undefined ? undefined : withoutComments(dockerConfigBase64),
      insecure,
      registryMirror: (env['KANIKO_REGISTRY_MIRROR'] ?? '').split(';').filter((mirror) => mirror.trim() !== ''),
      sslCertBase64,
    },
    env: { ...(proxy !== undefined && { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }), ...env, DOCKER_CONFIG: config },
    onProgress,
  });
}

/** envbuilder takes JSON with comments. */
function withoutComments(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const document: unknown = parse(text, [], { allowTrailingComma: true });
  return document === undefined ? base64 : Buffer.from(JSON.stringify(document)).toString('base64');
}

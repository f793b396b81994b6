import { existsSync } from 'node:fs';
import { messageOf } from '@shale/core';
import { type BuilderSettings, type CacheTier, parseCacheRepository, parseMirrors, stateCache } from '@shale/wiring';
import type { RegistrySettings } from '@shale/wiring';
import { parse } from 'jsonc-parser';
import type { Log } from '../log/log.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { Environment } from '../options/read-options.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';

export interface ProgramSettings {
  readonly options: WorkspaceOptions;
  readonly env: Environment;
  readonly paths: WorkspacePaths;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
}

const DAY_MS = 24 * 3_600_000;

/** Maps the options of this program to what builds need. @throws {ShaleError} */
export function builderSettings({ options, env, paths, log, signal }: ProgramSettings): BuilderSettings {
  const { layerCacheDir, baseImageCacheDir } = options;
  const ttlMs = options.cacheTtlDays ? options.cacheTtlDays * DAY_MS : undefined;
  return {
    stateDir: paths.state,
    env: registryEnvironment(options, env, paths),
    registries: registrySettings(options, env),
    cache: { tiers: cacheTiers(options, paths), ttlMs },
    baseImages: { directory: baseImageCacheDir, maxAgeMs: ttlMs },
    cacheMountDir: layerCacheDir,
    isolation: {
      inPlace: {
        directory: paths.directory,
        keep: [layerCacheDir, baseImageCacheDir].filter((path) => path !== undefined),
      },
    },
    onStoreFailed: (error) => log('warn', `Error uploading layer to cache: ${messageOf(error)}`),
    signal,
  };
}

/** The directory first, then the repository, and last a cache that lives as long as the container. */
function cacheTiers({ layerCacheDir, cacheRepo }: WorkspaceOptions, { state }: WorkspacePaths): readonly CacheTier[] {
  const tiers: CacheTier[] = [];
  if (layerCacheDir !== undefined) tiers.push({ location: { kind: 'directory', root: layerCacheDir } });
  if (cacheRepo !== undefined)
    tiers.push({ location: { kind: 'registry', repository: parseCacheRepository(cacheRepo) } });
  return [...tiers, { location: stateCache(state), name: 'container' }];
}

function registrySettings(options: WorkspaceOptions, env: Environment): RegistrySettings {
  const { dockerConfigBase64: config, sslCertBase64: authority, insecure } = options;
  const text = config === undefined ? undefined : withoutComments(decode(config));
  return {
    credentials: { configs: text === undefined ? [] : [{ text, origin: 'ENVBUILDER_DOCKER_CONFIG_BASE64' }] },
    insecure,
    mirrors: parseMirrors((env['KANIKO_REGISTRY_MIRROR'] ?? '').split(';').filter((mirror) => mirror.trim() !== '')),
    authorities: authority === undefined ? [] : [decode(authority)],
  };
}

/** The proxy and the docker config that the options name are the same for git and for registries. */
function registryEnvironment(
  { gitHttpProxyUrl: proxy }: WorkspaceOptions,
  env: Environment,
  { dockerConfig }: WorkspacePaths,
): Environment {
  const config = env['DOCKER_CONFIG'] ?? (existsSync(dockerConfig) ? dockerConfig : undefined);
  return { ...(proxy !== undefined && { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }), ...env, DOCKER_CONFIG: config };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** envbuilder also reads JSON with comments. */
function withoutComments(text: string): string {
  const document: unknown = parse(text, [], { allowTrailingComma: true });
  return document === undefined ? text : JSON.stringify(document);
}

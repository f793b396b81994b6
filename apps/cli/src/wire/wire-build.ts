import { resolve } from 'node:path';
import type { BuildOptions } from '@shale/builder';
import type { CacheEventListener } from '@shale/cache';
import { type Platform, type ProgressListener, type Reference, Resources } from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import {
  type BuilderSettings,
  openBuilder,
  openSources,
  parseCacheRepository,
  type SourceSettings,
} from '@shale/wiring';
import type { Invocation } from '../spec/command-spec.ts';
import type { sourceOptions } from '../options/build.ts';
import type { cacheOptions } from '../options/cache.ts';
import type { stateOptions } from '../options/general.ts';
import type { registryOptions } from '../options/registries.ts';
import { UsageError } from '../errors/usage-error.ts';
import { cacheSettings, timeToLive } from './cache-settings.ts';
import { parseEntitlements } from './entitlements.ts';
import { parsePlatforms } from './platforms.ts';
import { registrySettings } from './registry-settings.ts';
import { parseSecrets, parseSshAgents } from './secrets.ts';
import { namedContextLocations, sourceLocations } from './source-locations.ts';
import { type EpochSources, parseSourceDateEpoch } from './source-date-epoch.ts';
import { stateDirectory } from './state-directory.ts';

/** The options of every command that plans a build. */
export type BuildTable = typeof sourceOptions & typeof cacheOptions & typeof registryOptions & typeof stateOptions;

/** Settings of commands that run steps. */
export type ExecutionWishes = Pick<BuildOptions, 'noCache' | 'compression' | 'concurrency'> & {
  /** The value of `--isolation`. */
  readonly requested?: string | undefined;
};

export interface BuildWishes {
  readonly onProgress: ProgressListener;
  readonly onCacheEvent?: CacheEventListener | undefined;
  /** Fix all times, even without `--reproducible`. @default false */
  readonly reproducible?: boolean | undefined;
  /** Ask registries for each cached layer as well as for its entry. @default false: a build finds out when it reads the layer */
  readonly checkLayers?: boolean | undefined;
  /** @default {} */
  readonly execution?: ExecutionWishes | undefined;
}

/** Everything that a build needs. Disposing it waits for the caches, closes connections and removes unpacked contexts. */
export interface WiredBuild extends AsyncDisposable {
  /** The options of the build for the first platform. */
  readonly options: BuildOptions;
  /** The platforms that the options name; empty for this machine's. */
  readonly platforms: readonly Platform[];
  readonly client: RegistryClient;
  /** For the repositories that hold cached layers: it gives up sooner. */
  readonly cacheClient: RegistryClient;
  readonly stateDir: string;
  /** Repositories that hold cached layers. */
  readonly cacheRepositories: readonly Reference[];
  /** Waits for cache entries that are still being written. */
  settle(): Promise<void>;
}

/** Maps the options to settings of `@shale/wiring`, and opens what they name. @throws {UsageError} */
export async function wireBuild(invocation: Invocation<BuildTable>, wishes: BuildWishes): Promise<WiredBuild> {
  const { noCache, compression, concurrency } = wishes.execution ?? {};
  const { options, signal } = invocation;
  const secrets = parseSecrets(options, invocation);
  const ssh = parseSshAgents(options.ssh, invocation);
  const entitlements = parseEntitlements(options.allow);
  const platforms = parsePlatforms(options.platform);
  await using resources = new Resources();
  const builder = resources.use(openBuilder(await builderSettings(invocation, wishes)));
  const sources = resources.use(await openSources({ ...sourceSettings(invocation), secrets }));
  const opened = resources.move();
  const { dockerfile, context, namedContexts } = sources;
  return {
    client: builder.client,
    cacheClient: builder.cacheClient,
    stateDir: builder.options.stateDir,
    platforms,
    settle: () => builder.settle({ signal }),
    cacheRepositories: [options.cacheRepo, ...options.cacheFrom]
      .filter((name) => name !== undefined)
      .map(parseCacheRepository),
    options: {
      ...builder.options,
      images: [...sources.images, ...builder.options.images],
      dockerfile,
      context,
      namedContexts,
      target: options.target,
      labels: options.label,
      platform: platforms[0],
      ...fixedTimes(invocation, wishes, sources),
      noCache,
      compression,
      concurrency,
      secrets,
      ssh,
      network: options.network,
      entitlements,
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function builderSettings(invocation: Invocation<BuildTable>, wishes: BuildWishes): Promise<BuilderSettings> {
  const { options, env, cwd, signal } = invocation;
  const { onProgress, onCacheEvent, checkLayers } = wishes;
  const stateDir = stateDirectory(options.stateDir, invocation);
  const { layerCacheDir, baseImageCacheDir, offline } = options;
  return {
    stateDir,
    env,
    registries: registrySettings(options),
    cache: { ...(await cacheSettings(options, { cwd, stateDir })), checkLayers },
    baseImages: {
      directory: baseImageCacheDir === undefined ? undefined : resolve(cwd, baseImageCacheDir),
      maxAgeMs: timeToLive(options.cacheTtl),
      policy: options.baseImagePolicy,
      pull: options.pull,
    },
    cacheMountDir: layerCacheDir === undefined || options.cacheReadonly ? undefined : resolve(cwd, layerCacheDir),
    isolation: { requested: wishes.execution?.requested },
    offline,
    onProgress,
    onCacheEvent,
    signal,
  };
}

function sourceSettings(invocation: Invocation<BuildTable>): SourceSettings {
  const { options, env, cwd, signal } = invocation;
  const argument = contextArgument(invocation);
  return {
    ...sourceLocations({ ...invocation, argument, file: options.file }),
    namedContexts: namedContextLocations(options.buildContext, cwd),
    stateDir: stateDirectory(options.stateDir, invocation),
    keepGitDirectory: /^(?:1|t|true)$/i.test(options.buildArg['BUILDKIT_CONTEXT_KEEP_GIT_DIR'] ?? ''),
    env,
    offline: options.offline,
    signal,
  };
}

function contextArgument({ args, env }: Invocation<BuildTable>): string {
  const argument = args[0] ?? (env['ENVBUILDER_BUILD_CONTEXT_PATH'] || undefined);
  if (argument !== undefined) return argument;
  throw new UsageError('No build context was named', { hint: 'To build from this directory: shale build .' });
}

/** As in buildx, the variable is also a build argument: steps that declare it see the seconds. */
function fixedTimes(
  { options, env }: Invocation<BuildTable>,
  wishes: BuildWishes,
  sources: EpochSources,
): Pick<BuildOptions, 'buildArgs' | 'sourceDateEpoch'> {
  const { [EPOCH]: given = env[EPOCH] || undefined, ...buildArgs } = options.buildArg;
  const seconds = given === undefined ? undefined : parseSourceDateEpoch(given, sources);
  if (seconds !== undefined) return { buildArgs: { ...buildArgs, [EPOCH]: String(seconds) }, sourceDateEpoch: seconds };
  return { buildArgs, sourceDateEpoch: options.reproducible || wishes.reproducible === true ? 0 : undefined };
}

const EPOCH = 'SOURCE_DATE_EPOCH';

import { resolve } from 'node:path';
import { type BuildOptions, chooseIsolation, type ChooseIsolationOptions, type Isolation } from '@shale/builder';
import type { CacheEventListener } from '@shale/cache';
import { blobDirectory, type Platform, type ProgressListener, type Reference, Resources } from '@shale/core';
import type { RegistryClient } from '@shale/registry';
import { gitEnvironment, imageSources, openRegistryClient, proxyOf, urlFetcher } from '@shale/wiring';
import type { Invocation } from '../commands/command.ts';
import type { sourceOptions } from '../options/build.ts';
import type { cacheOptions } from '../options/cache.ts';
import type { stateOptions } from '../options/general.ts';
import type { registryOptions } from '../options/registries.ts';
import { UsageError } from '../usage-error.ts';
import { openBuildSource } from './build-source.ts';
import { cacheRepository, openCache, timeToLive } from './cache.ts';
import { parseEntitlements } from './entitlements.ts';
import { closeNamedContexts, openNamedContexts } from './named-contexts.ts';
import { parsePlatforms } from './platforms.ts';
import { parseSecrets, parseSshAgents } from './secrets.ts';
import { type EpochSources, parseSourceDateEpoch } from './source-date-epoch.ts';
import { stateDirectory } from './state-directory.ts';
import { wantsTrust } from './wants-trust.ts';

/** The options of every command that plans a build. */
export type BuildTable = typeof sourceOptions & typeof cacheOptions & typeof registryOptions & typeof stateOptions;

/** What only a command that executes steps decides. */
export type ExecutionWishes = Pick<BuildOptions, 'noCache' | 'compression' | 'concurrency'> & {
  /** As `--isolation` says it. */
  readonly requested?: string | undefined;
};

export interface BuildWishes {
  readonly onProgress: ProgressListener;
  readonly onCacheEvent?: CacheEventListener | undefined;
  /** Times are fixed, whether `--reproducible` was given or not. @default false */
  readonly reproducible?: boolean | undefined;
  /** A cached layer counts only where the registry has its bytes, too. @default false: a build finds out when it reads them */
  readonly checkLayers?: boolean | undefined;
  /** @default {} */
  readonly execution?: ExecutionWishes | undefined;
}

/** Everything that a build needs, joined. Disposing it closes connections and removes unpacked contexts. */
export interface WiredBuild extends AsyncDisposable {
  /** For the first of the platforms. */
  readonly options: BuildOptions;
  /** Those that were named; none for this machine's. */
  readonly platforms: readonly Platform[];
  readonly client: RegistryClient;
  /** For the repositories that hold cached layers: of less patience. */
  readonly cacheClient: RegistryClient;
  readonly stateDir: string;
  /** Repositories that hold cached layers. */
  readonly cacheRepositories: readonly Reference[];
  /** Waits until the caches have what they were given. */
  settle(): Promise<void>;
}

/** A cache is not waited for as a base image is, and asked for all steps in one round. */
const CACHE_PATIENCE = { retry: { baseDelayMs: 300, maxDelayMs: 1500 }, requestConcurrency: 64 } as const;

/** The one place where concrete stores, caches, registries and executors are chosen. @throws {UsageError} */
export async function wireBuild(invocation: Invocation<BuildTable>, wishes: BuildWishes): Promise<WiredBuild> {
  const { onProgress, onCacheEvent, execution: { requested, ...execution } = {} } = wishes;
  const { options, env, cwd, signal } = invocation;
  const stateDir = stateDirectory(options.stateDir, invocation);
  const store = blobDirectory(stateDir);
  const platforms = parsePlatforms(options.platform);
  const secrets = parseSecrets(options, invocation);
  const ssh = parseSshAgents(options.ssh, invocation);
  const entitlements = parseEntitlements(options.allow);
  const keepGitDirectory = /^(?:1|t|true)$/i.test(options.buildArg['BUILDKIT_CONTEXT_KEEP_GIT_DIR'] ?? '');
  const named = await openNamedContexts(options.buildContext, {
    cwd,
    stateDir,
    secrets,
    keepGitDirectory,
    environment: gitEnvironment(env, options),
    signal,
  });
  const client = openRegistryClient({ options, env, onProgress });
  const cacheClient = openRegistryClient({ options, env, onProgress, patience: CACHE_PATIENCE });
  const wiring = { client, store, stateDir, offline: options.offline, onProgress };
  const { cache, settle } = openCache({
    ...wiring,
    client: cacheClient,
    options,
    cwd,
    checkLayers: wishes.checkLayers,
    trust: wantsTrust(options) ? (await import('./cache-trust.ts')).readCacheTrust(options, cwd) : undefined,
    onEvent: onCacheEvent,
  });
  const images = imageSources({
    ...wiring,
    baseImageCacheDir: options.baseImageCacheDir === undefined ? undefined : resolve(cwd, options.baseImageCacheDir),
    baseImageMaxAgeMs: timeToLive(options.cacheTtl),
    baseImagePolicy: options.baseImagePolicy,
    named: named.images,
    pull: options.pull,
  });
  await using opened = new Resources();
  opened.defer(() => closeNamedContexts(named.contexts));
  const { context, dockerfile } = await openBuildSource({
    ...invocation,
    offline: options.offline,
    argument: contextArgument(invocation),
    file: options.file,
    stateDir,
    secrets,
    keepGitDirectory,
  });
  opened.use(context);
  const times = fixedTimes(invocation, wishes, { context, namedContexts: named.contexts });
  const contexts = opened.move();
  return {
    client,
    cacheClient,
    stateDir,
    platforms,
    settle: () => settle({ signal }),
    cacheRepositories: [options.cacheRepo, ...options.cacheFrom].flatMap((name) =>
      name === undefined ? [] : [cacheRepository(name)],
    ),
    options: {
      dockerfile,
      context,
      namedContexts: named.contexts,
      target: options.target,
      labels: options.label,
      platform: platforms[0],
      images,
      cache,
      store,
      stateDir,
      cacheMountDir:
        options.layerCacheDir === undefined || options.cacheReadonly ? undefined : resolve(cwd, options.layerCacheDir),
      isolation: lazyIsolation({ stateDir, requested, signal }, onProgress),
      ...times,
      ...execution,
      secrets,
      ssh,
      network: options.network,
      entitlements,
      fetchUrl: options.offline ? undefined : urlFetcher({ proxy: proxyOf(env) }),
      gitEnvironment: gitEnvironment(env, options),
      onProgress,
      signal,
    },
    async [Symbol.asyncDispose]() {
      await settle({ signal }).catch(() => undefined); // also for a build that failed, whose error matters more
      await contexts[Symbol.asyncDispose]();
      await disposeAll([client, cacheClient]);
    },
  };
}

function contextArgument({ args, env }: Invocation<BuildTable>): string {
  const argument = args[0] ?? (env['ENVBUILDER_BUILD_CONTEXT_PATH'] || undefined);
  if (argument !== undefined) return argument;
  throw new UsageError('No build context was named', { hint: 'To build from this directory: shale build .' });
}

/** Chosen when the first step must run, once, and told. */
function lazyIsolation(options: ChooseIsolationOptions, onProgress: ProgressListener): () => Promise<Isolation> {
  let chosen: Promise<Isolation> | undefined;
  const choose = async () => {
    const isolation = await chooseIsolation(options);
    const { executor, snapshotter, reason } = isolation;
    onProgress({ type: 'isolation.chosen', executor: executor?.name ?? 'none', snapshotter: snapshotter.name, reason });
    return isolation;
  };
  return () => (chosen ??= choose());
}

/** As buildx does it: the variable is a build argument too, and steps that declare it see the seconds. */
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

async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  for (const resource of resources) await resource[Symbol.asyncDispose]();
}

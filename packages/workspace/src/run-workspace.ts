import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CallOptions, ShaleError } from '@shale/core';
import { BuildFailedError, buildFailure, isBuildFailure, NoFallbackError } from './build-failure.ts';
import { gitAccess } from './git/access.ts';
import { cloneRepository } from './git/clone-repository.ts';
import type { GitProgram } from '@shale/git';
import { keepUrlCredentials } from './git/keep-url-credentials.ts';
import { describeAddress, parseRepositoryAddress, repositoryName } from './git/repository-address.ts';
import type { Handover } from './handover/hand-over.ts';
import { prepareHandover } from './handover/prepare-handover.ts';
import { formatImageFile, readImageFile, type StartConfig } from './image-file.ts';
import type { Log } from './log/log.ts';
import { openStages, type Stages } from './log/stages.ts';
import type { WorkspaceOptions } from './options/option-table.ts';
import type { Environment } from './options/read-options.ts';
import type { RootReplacement } from './root-replacement.ts';
import type { BuildSource, FoundSource } from './source/build-source.ts';
import { SourceInvalidError } from './source/dockerfile-source.ts';
import { fallbackSource } from './source/fallback-plan.ts';
import type { BuiltWorkspaceImage, WorkspaceImages } from './workspace-images.ts';
import { MAGIC_DIRECTORY, type WorkspacePaths } from './workspace-paths.ts';

/** What a workspace needs from the program that runs it. */
export interface WorkspaceHost {
  readonly version: string;
  /** Of the process, as it was at its start. */
  readonly env: Environment;
  readonly log: Log;
  readonly git: GitProgram;
  readonly images: WorkspaceImages;
  readonly rootReplacement: RootReplacement;
  readonly sources: readonly BuildSource[];
  readonly paths: WorkspacePaths;
  /** @default '/' */
  readonly root?: string | undefined;
  /** Whether the setup script may have the terminal. @default false */
  readonly isTerminal?: boolean | undefined;
}

/** KANIKO_DIR names another folder than the one that survives. */
class SafetyError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/**
 * Clones, builds, makes the built tree the root, and prepares init.
 * @returns what this process is to become
 * @throws {ShaleError} with envbuilder's words
 */
export async function runWorkspace(
  options: WorkspaceOptions,
  host: WorkspaceHost,
  { signal }: CallOptions = {},
): Promise<Handover> {
  return new Workspace(options, host, signal).run();
}

/** Looks whether the image is cached and pushed, and touches nothing. @returns `REPO@DIGEST` */
export async function probeWorkspace(
  options: WorkspaceOptions,
  host: WorkspaceHost,
  { signal }: CallOptions = {},
): Promise<string> {
  return new Workspace(options, host, signal).probe();
}

/** The folder that a workspace is cloned into. */
export function workspaceFolder({ workspaceFolder, workspaceBaseDir, gitUrl }: WorkspaceOptions): string {
  return workspaceFolder ?? join(workspaceBaseDir, repositoryName(gitUrl));
}

interface Checkout {
  readonly cloned: boolean;
  /** Why there is none. */
  readonly failure: ShaleError | undefined;
}

interface Prepared extends Pick<FoundSource, 'environment' | 'lifecycle'> {
  readonly start: StartConfig;
  readonly fallbackReason?: string | undefined;
}

class Workspace {
  readonly #options: WorkspaceOptions;
  readonly #host: WorkspaceHost;
  readonly #signal: AbortSignal | undefined;
  readonly #stages: Stages;
  readonly #folder: string;

  constructor(options: WorkspaceOptions, host: WorkspaceHost, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#host = host;
    this.#signal = signal;
    this.#stages = openStages(host.log);
    this.#folder = workspaceFolder(options);
  }

  async run(): Promise<Handover> {
    const { paths, log, version } = this.#host;
    log('info', `envbuilder (shale ${version}) - Build development environments from repositories in a container`);
    this.#warnOfOptions();
    const isFirstStart = !existsSync(paths.built);
    const pushed = readImageFile(paths.image);
    const isFolderNew = !existsSync(this.#folder);
    const checkout = await this.#cloneWorkspace();
    const prepared = pushed === undefined ? await this.#prepare(checkout, isFirstStart) : await this.#resume(pushed);
    if (checkout.cloned) keepUrlCredentials(this.#folder, this.#options.gitUrl ?? '');
    const handover = await prepareHandover({
      ...prepared,
      options: this.#options,
      host: this.#host,
      folder: this.#folder,
      isCloned: checkout.cloned,
      isFolderNew,
      isFirstStart,
      stages: this.#stages,
      signal: this.#signal,
    });
    writeFileSync(paths.built, '');
    return handover;
  }

  async probe(): Promise<string> {
    const { log, images } = this.#host;
    this.#warnOfOptions();
    const repository = this.#host.paths.remoteRepository;
    rmSync(repository, { recursive: true, force: true });
    if (this.#options.gitUrl !== undefined) await this.#clone(repository, { depth: 1, singleBranch: true });
    const directory = this.#options.gitUrl === undefined ? this.#folder : repository;
    const found = await this.#find(directory);
    if (found === undefined) throw nothingFound(directory);
    const done = this.#stages.start('🏗️ Checking for cached image...');
    try {
      const image = await images.probe(found.plan, { signal: this.#signal });
      done('🏗️ Found cached image!');
      return image;
    } catch (error) {
      log('debug', String(error));
      throw error;
    }
  }

  #warnOfOptions(): void {
    const { log, paths, env } = this.#host;
    const { cacheRepo, layerCacheDir, dockerConfigBase64, forceSafe, gitCloneThinpack } = this.#options;
    const kanikoDirectory = env['KANIKO_DIR'] || undefined;
    if (kanikoDirectory !== undefined && kanikoDirectory !== MAGIC_DIRECTORY && !forceSafe) {
      throw new SafetyError(`delete filesystem: safety check failed: KANIKO_DIR is ${kanikoDirectory}`, {
        hint: `It must be ${MAGIC_DIRECTORY}, the folder that stays when the root is replaced.`,
      });
    }
    if (cacheRepo !== undefined && layerCacheDir !== undefined)
      log('warn', `Overriding cache repo with local registry... (layers: ${layerCacheDir}, then ${cacheRepo})`);
    for (const name of withoutEffect(this.#options))
      log('warn', `ENVBUILDER_${name} has no effect: dev containers are not built yet`);
    if (this.#options.buildContextPath !== undefined && this.#options.dockerfilePath === undefined)
      log('warn', 'ENVBUILDER_BUILD_CONTEXT_PATH has no effect without ENVBUILDER_DOCKERFILE_PATH');
    if (!gitCloneThinpack)
      log('info', 'GIT_CLONE_THINPACK=false changes nothing: git and every server agree by themselves');
    if (dockerConfigBase64 === undefined) return;
    const files = [
      env['DOCKER_CONFIG'] && join(env['DOCKER_CONFIG'], 'config.json'),
      env['DOCKER_CONFIG'],
      paths.dockerConfig,
    ];
    const found = files.find((path) => path !== undefined && path !== '' && isFile(path));
    if (found !== undefined)
      log('warn', `DOCKER_CONFIG_BASE64 wins over the docker config ${found}; this file will remain after the build`);
    log('info', `Set DOCKER_CONFIG to ${join(paths.directory, '.docker')} (in memory: no file is written)`);
  }

  /** A failure is kept: the fallback image may be started in spite of it. */
  async #cloneWorkspace(): Promise<Checkout> {
    const { log } = this.#host;
    if (this.#options.gitUrl === undefined) return { cloned: false, failure: undefined };
    try {
      return { cloned: await this.#clone(this.#folder, {}), failure: undefined };
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!(error instanceof ShaleError)) throw error;
      log('error', `Failed to clone repository: ${error.message}`);
      log('error', 'Falling back to the default image...');
      return { cloned: false, failure: error };
    }
  }

  async #clone(
    directory: string,
    wishes: { readonly depth?: number; readonly singleBranch?: boolean },
  ): Promise<boolean> {
    const { log, git, env, paths } = this.#host;
    const { gitUrl = '', gitCloneDepth, gitCloneSingleBranch, gitCloneSubmodules } = this.#options;
    const address = parseRepositoryAddress(gitUrl);
    const done = this.#stages.start(`📦 Cloning ${describeAddress(address)} to ${directory}...`);
    const cloned = await cloneRepository({
      address,
      directory,
      git,
      access: gitAccess(this.#options, env),
      privateDir: paths.secrets,
      depth: wishes.depth ?? gitCloneDepth,
      singleBranch: wishes.singleBranch ?? gitCloneSingleBranch,
      submodules: gitCloneSubmodules,
      onLine: (line) => log('info', line),
      onHostKey: (key) => log('info', `🔑 Got host key: ${key}`),
      signal: this.#signal,
    });
    done(cloned ? '📦 Cloned repository!' : '📦 The repository already exists!');
    return cloned;
  }

  async #resume(start: StartConfig): Promise<Prepared> {
    const { log } = this.#host;
    log('info', 'Running from a pushed image: nothing is built');
    const found = await this.#find(this.#folder).catch((error: Error) => {
      log('warn', `What the repository says is not read: ${error.message}`);
      return undefined;
    });
    return { ...found, start: { ...start, user: found?.user ?? start.user } };
  }

  async #prepare(checkout: Checkout, isFirstStart: boolean): Promise<Prepared> {
    const { paths, log } = this.#host;
    const built = this.#options.skipRebuild && !isFirstStart ? readImageFile(paths.builtConfig) : undefined;
    if (built !== undefined) {
      log('info', 'Skipping build because of cache...');
      const found = await this.#find(this.#folder).catch(() => undefined);
      return { ...found, start: built };
    }
    const { image, found, fallbackReason } = await this.#buildOrFallBack(checkout);
    if (this.#options.pushImage && fallbackReason === undefined) await this.#push(image);
    await this.#becomeImage(image);
    const start = { ...image.start, user: found.user ?? image.start.user };
    writeFileSync(paths.builtConfig, formatImageFile(start));
    rmSync(paths.fallbackReason, { force: true });
    if (fallbackReason !== undefined) writeFileSync(paths.fallbackReason, `${fallbackReason}\n`);
    return { ...found, start, fallbackReason };
  }

  async #buildOrFallBack({ failure }: Checkout): Promise<Built> {
    const { log, paths } = this.#host;
    const { fallbackImage, exitOnBuildFailure } = this.#options;
    try {
      if (failure !== undefined) throw failure;
      const directory = await this.#buildDirectory();
      const found = await this.#find(directory);
      if (found === undefined) throw nothingFound(directory);
      return { found, image: await this.#build(found), fallbackReason: undefined };
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!isBuildFailure(error) || (exitOnBuildFailure && error instanceof BuildFailedError)) throw error;
      if (fallbackImage === undefined) throw new NoFallbackError(error);
      if (failure === undefined) {
        log('error', `Failed to build: ${error.message}`);
        log('error', 'Falling back to the default image...');
      }
      const found = fallbackSource(fallbackImage, paths);
      return { found, image: await this.#build(found), fallbackReason: error.message };
    }
  }

  async #buildDirectory(): Promise<string> {
    const { remoteRepoBuildMode, gitUrl } = this.#options;
    if (!remoteRepoBuildMode || gitUrl === undefined) return this.#folder;
    const { log, paths } = this.#host;
    log('info', '🏗️ Remote repo build mode enabled: the image is built from a fresh clone');
    rmSync(paths.remoteRepository, { recursive: true, force: true });
    await this.#clone(paths.remoteRepository, { depth: 1, singleBranch: true });
    return paths.remoteRepository;
  }

  async #find(repository: string): Promise<FoundSource | undefined> {
    for (const source of this.#host.sources) {
      const found = await source.find({ options: this.#options, repository });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #build({ plan }: FoundSource): Promise<BuiltWorkspaceImage> {
    const done = this.#stages.start('🏗️ Building image...');
    try {
      const image = await this.#host.images.build(plan, { signal: this.#signal });
      done('🏗️ Built image!');
      return image;
    } catch (error) {
      throw isBuildFailure(error) ? buildFailure(error) : error;
    }
  }

  async #push(image: BuiltWorkspaceImage): Promise<void> {
    const { log, images } = this.#host;
    const done = this.#stages.start('🏗️ Pushing image...');
    try {
      done(`🏗️ Pushed image ${await images.push(image, { signal: this.#signal })}!`);
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!(error instanceof ShaleError)) throw error;
      const message = `do push: failed to push to destination ${this.#options.cacheRepo}: ${error.message}`;
      if (this.#options.exitOnPushFailure) throw new BuildFailedError(error, message);
      log('error', `⚠️️ Failed to push image! ${message}`);
    }
  }

  async #becomeImage(image: BuiltWorkspaceImage): Promise<void> {
    const { rootReplacement, paths } = this.#host;
    const done = this.#stages.start('📂 Replacing the root file system...');
    mkdirSync(this.#folder, { recursive: true });
    await using tree = await image.openTree({ signal: this.#signal });
    const { ignorePaths, layerCacheDir, baseImageCacheDir } = this.#options;
    const keep = [paths.directory, this.#folder, '/etc/resolv.conf', ...ignorePaths, layerCacheDir, baseImageCacheDir];
    await rootReplacement.replaceRoot({
      tree: tree.path,
      keep: keep.filter((path) => path !== undefined),
      signal: this.#signal,
    });
    done('📂 Replaced the root file system!');
  }
}

interface Built {
  readonly found: FoundSource;
  readonly image: BuiltWorkspaceImage;
  readonly fallbackReason: string | undefined;
}

/** Options of what is not there yet. */
function withoutEffect(options: WorkspaceOptions): readonly string[] {
  const { devcontainerDir, devcontainerJsonPath, postStartScriptPath } = options;
  const given = { DEVCONTAINER_DIR: devcontainerDir, DEVCONTAINER_JSON_PATH: devcontainerJsonPath };
  return Object.entries({ ...given, POST_START_SCRIPT_PATH: postStartScriptPath }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
}

function nothingFound(repository: string): SourceInvalidError {
  const devcontainer = ['.devcontainer/devcontainer.json', '.devcontainer.json', 'devcontainer.json'].find((name) =>
    existsSync(join(repository, name)),
  );
  const why = devcontainer === undefined ? '' : `: ${devcontainer} is there, and dev containers are not built yet`;
  return new SourceInvalidError(`no Dockerfile or devcontainer.json found${why}`, {
    hint: 'Set ENVBUILDER_DOCKERFILE_PATH to the path of a Dockerfile in the repository.',
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

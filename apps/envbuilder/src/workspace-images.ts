import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  build,
  type BuildOptions,
  chooseIsolation,
  type Exporter,
  type Isolation,
  type LayerStack,
  openDirectoryContext,
  probe,
} from '@shale/builder';
import type { TieredCache } from '@shale/cache';
import {
  blobDirectory,
  type CallOptions,
  type Image,
  type ImageSource,
  type LocalBlobStore,
  type ProgressListener,
  type Reference,
  unpackLayer,
} from '@shale/core';
import { copyImage, type RegistryClient } from '@shale/registry';
import { gitEnvironment, imageSources, proxyOf, urlFetcher } from '@shale/wiring';
import {
  type BuiltWorkspaceImage,
  type Environment,
  type ImagePlan,
  type ImageTree,
  type Log,
  parseBuildSecrets,
  type StartConfig,
  type WorkspaceImages,
  type WorkspaceOptions,
  type WorkspacePaths,
} from '@shale/workspace';
import { cacheRepository, openLayerCache } from './layer-cache.ts';
import { ImageNotPushedError, missingStep } from './probe-error.ts';
import { progressLog } from './progress-log.ts';
import { openRegistries } from './registries.ts';
import { openRuntimeImage } from './runtime-image.ts';
import type { BuildAhead } from './user-namespace-build.ts';

export interface WorkspaceImagesWiring {
  readonly options: WorkspaceOptions;
  readonly env: Environment;
  readonly paths: WorkspacePaths;
  readonly log: Log;
  /** Runs the steps that no cache knows elsewhere. @default they run in this process */
  readonly buildAhead?: BuildAhead | undefined;
}

const DAY_MS = 24 * 3_600_000;
/** Longest wait for what is still being written to a cache, in milliseconds. */
const SETTLE_TIMEOUT_MS = 10 * 60_000;

/** Joins registries, caches and the builder to what a workspace needs. */
export function openWorkspaceImages(wiring: WorkspaceImagesWiring): WorkspaceImages & AsyncDisposable {
  return new BuilderImages(wiring);
}

interface Built extends BuiltWorkspaceImage {
  readonly image: Image;
}

class BuilderImages implements WorkspaceImages, AsyncDisposable {
  readonly #wiring: WorkspaceImagesWiring;
  readonly #client: RegistryClient;
  readonly #store: LocalBlobStore;
  readonly #cache: TieredCache;
  readonly #images: readonly ImageSource[];
  readonly #onProgress;
  readonly #built = new WeakMap<BuiltWorkspaceImage, Built>();
  #isolation: Promise<Isolation> | undefined;

  constructor(wiring: WorkspaceImagesWiring) {
    const { options, paths, log } = wiring;
    this.#wiring = wiring;
    this.#onProgress = progressLog(log);
    mkdirSync(paths.state, { recursive: true, mode: 0o700 });
    this.#store = blobDirectory(paths.state);
    this.#client = openRegistries(wiring, this.#onProgress);
    const ttlMs = (options.cacheTtlDays || 7) * DAY_MS;
    const shared = { client: this.#client, store: this.#store, onProgress: this.#onProgress };
    this.#cache = openLayerCache({ ...shared, options, stateDir: paths.state, ttlMs, log });
    this.#images = imageSources({
      ...shared,
      stateDir: paths.state,
      baseImageCacheDir: options.baseImageCacheDir,
      baseImageMaxAgeMs: ttlMs,
      named: undefined,
      pull: false,
      offline: false,
    });
  }

  async build(plan: ImagePlan, { signal }: CallOptions): Promise<BuiltWorkspaceImage> {
    let stack: LayerStack = [];
    const keepStack: Exporter = { export: async (built) => void (stack = built.stack) };
    await using context = this.#openContext(plan);
    const options = this.#optionsFor(plan, context, signal);
    const { buildAhead } = this.#wiring;
    const isAhead =
      buildAhead !== undefined && (await probe({ ...options, onProgress: undefined })).image === undefined;
    if (isAhead) await buildAhead(plan, { signal });
    const onProgress = isAhead ? withoutHits(this.#onProgress) : this.#onProgress; // they were told as they ran
    const { image } = await build({ ...options, onProgress, exporters: [keepStack] });
    await this.#cache.drain({ timeoutMs: SETTLE_TIMEOUT_MS, signal });
    const built: Built = {
      image,
      start: startOf(image),
      digest: image.manifest.digest,
      openTree: (options) => this.#openTree(image, stack, options),
    };
    this.#built.set(built, built);
    return built;
  }

  async push(workspace: BuiltWorkspaceImage, { signal }: CallOptions): Promise<string> {
    const built = this.#built.get(workspace);
    if (built === undefined) throw new Error('push() takes what build() gave');
    const repository = this.#cacheRepository();
    await using runtime = openRuntimeImage(built.image, built.start, this.#wiring);
    const { image } = await build({ ...this.#base(signal), ...runtime.build, images: [runtime.source] });
    await this.#cache.drain({ timeoutMs: SETTLE_TIMEOUT_MS, signal });
    await copyImage(image, this.#client.repository(repository), { tags: ['latest'], signal });
    return nameOf(repository, image);
  }

  async probe(plan: ImagePlan, { signal }: CallOptions): Promise<string> {
    await using context = this.#openContext(plan);
    const own = await probe(this.#optionsFor(plan, context, signal));
    if (own.image === undefined) throw missingStep(own.steps);
    await using runtime = openRuntimeImage(own.image, startOf(own.image), this.#wiring);
    const whole = await probe({ ...this.#base(signal), ...runtime.build, images: [runtime.source] });
    if (whole.image === undefined) throw missingStep(whole.steps);
    const repository = this.#cacheRepository();
    const store = this.#client.repository(repository);
    const name = nameOf(repository, whole.image);
    if ((await store.headManifest(whole.image.manifest.digest, { signal })) === undefined)
      throw new ImageNotPushedError(name);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  #openContext({ contextDirectory, ignore }: ImagePlan) {
    return openDirectoryContext(contextDirectory, { ignore, stateDir: this.#wiring.paths.state });
  }

  #optionsFor(plan: ImagePlan, context: BuildOptions['context'], signal: AbortSignal | undefined): BuildOptions {
    const { dockerfile, target, buildArgs } = plan;
    return { ...this.#base(signal), dockerfile, target, buildArgs, context, images: this.#images };
  }

  #base(signal: AbortSignal | undefined) {
    const { options, env, paths } = this.#wiring;
    const secrets = [...parseBuildSecrets(options.buildSecrets)];
    return {
      cache: this.#cache,
      store: this.#store,
      stateDir: paths.state,
      cacheMountDir: options.layerCacheDir,
      isolation: () => this.#chooseIsolation(signal),
      // what is pushed must be found again by a probe on another day
      sourceDateEpoch: options.pushImage || options.getCachedImage ? 0 : undefined,
      secrets: new Map(secrets.map(([id, value]) => [id, { type: 'value', value: Buffer.from(value) }] as const)),
      fetchUrl: urlFetcher({ proxy: proxyOf(env) }),
      gitEnvironment: gitEnvironment(env),
      onProgress: this.#onProgress,
      signal,
    };
  }

  #chooseIsolation(signal: AbortSignal | undefined): Promise<Isolation> {
    const { options, paths } = this.#wiring;
    const keep = [options.layerCacheDir, options.baseImageCacheDir];
    return (this.#isolation ??= (async () => {
      const isolation = await chooseIsolation({
        stateDir: paths.state,
        inPlace: { directory: paths.directory, keep: keep.filter((path) => path !== undefined) },
        signal,
      });
      const { executor, snapshotter, reason } = isolation;
      this.#onProgress({
        type: 'isolation.chosen',
        executor: executor?.name ?? 'none',
        snapshotter: snapshotter.name,
        reason,
      });
      return isolation;
    })());
  }

  /** The tree of the last step where it is a plain one; else the layers, unpacked. */
  async #openTree(image: Image, stack: LayerStack, options: CallOptions): Promise<ImageTree> {
    const isolation = await this.#isolation;
    if (isolation?.snapshotter.name === 'copy') return isolation.snapshotter.prepare(stack, options);
    const directory = await mkdtemp(join(this.#wiring.paths.state, 'root-'));
    const path = join(directory, 'fs');
    mkdirSync(path, { mode: 0o755 });
    const remove = () => rm(directory, { recursive: true, force: true });
    try {
      for (const layer of image.layers) {
        await unpackLayer(image.blobs.read(layer.descriptor, options), layer, path, { ...options, whiteouts: 'apply' });
      }
    } catch (error) {
      await remove();
      throw error;
    }
    return { path, [Symbol.asyncDispose]: remove };
  }

  #cacheRepository(): Reference {
    return cacheRepository(this.#wiring.options.cacheRepo ?? '');
  }
}

function withoutHits(listener: ProgressListener): ProgressListener {
  return (event) => {
    const isHit = event.type === 'step.finished' && event.outcome === 'cached';
    if (!isHit && event.type !== 'image.resolved') listener(event);
  };
}

function startOf({ config }: Image): StartConfig {
  return { user: config.config.User ?? '', env: config.config.Env ?? [] };
}

function nameOf({ registry, repository }: Reference, { manifest }: Image): string {
  return `${registry}/${repository}@${manifest.digest}`;
}

import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Exporter, type LayerStack, openDirectoryContext, probe } from '@shale/builder';
import type { Isolation } from '@shale/builder/isolation';
import type { CallOptions, Image, ProgressListener, Reference } from '@shale/core';
import { unpackLayer } from '@shale/core/archive';
import { copyImage } from '@shale/registry';
import { type Builder, openBuilder, parseCacheRepository } from '@shale/wiring';
import type { Log } from '../log/log.ts';
import { progressLog } from '../log/progress-log.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';
import { type Environment, parseBuildSecrets } from '../options/read-options.ts';
import type { StartConfig } from '../state/image-file.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';
import { builderSettings } from './builder-settings.ts';
import type { BuiltWorkspaceImage, ImagePlan, ImageTree, WorkspaceImages } from './images.ts';
import { ImageNotPushedError, missingStep } from './probe-error.ts';
import { openRuntimeImage, type RuntimeImage } from './runtime-image.ts';
import type { BuildAhead } from './user-namespace-build.ts';

export interface WorkspaceImagesWiring {
  readonly options: WorkspaceOptions;
  readonly env: Environment;
  readonly paths: WorkspacePaths;
  readonly log: Log;
  /** Ends the wait for caches when the program is told to stop. @default none */
  readonly signal?: AbortSignal | undefined;
  /** Runs uncached steps in another process. @default they run in this process */
  readonly buildAhead?: BuildAhead | undefined;
}

/** Opens the builder for the images of a workspace. */
export function openWorkspaceImages(wiring: WorkspaceImagesWiring): WorkspaceImages & AsyncDisposable {
  return new BuilderImages(wiring);
}

interface Built extends BuiltWorkspaceImage {
  readonly image: Image;
}

class BuilderImages implements WorkspaceImages, AsyncDisposable {
  readonly #wiring: WorkspaceImagesWiring;
  readonly #builder: Builder;
  readonly #onProgress: ProgressListener;
  readonly #built = new WeakMap<BuiltWorkspaceImage, Built>();
  /** `undefined` until a step runs. */
  #isolation: Promise<Isolation> | undefined;

  constructor(wiring: WorkspaceImagesWiring) {
    this.#wiring = wiring;
    this.#onProgress = progressLog(wiring.log);
    mkdirSync(wiring.paths.state, { recursive: true, mode: 0o700 });
    this.#builder = openBuilder({ ...builderSettings(wiring), onProgress: this.#onProgress });
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
    const onProgress = isAhead ? withoutHits(this.#onProgress) : this.#onProgress; // hits of steps that ran ahead were already reported
    const { image } = await build({ ...options, onProgress, exporters: [keepStack] });
    await this.#builder.settle({ signal });
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
    const { image } = await build(this.#optionsWith(runtime, signal));
    await this.#builder.settle({ signal });
    await copyImage(image, this.#builder.client.repository(repository), { tags: ['latest'], signal });
    return nameOf(repository, image);
  }

  async probe(plan: ImagePlan, { signal }: CallOptions): Promise<string> {
    await using context = this.#openContext(plan);
    const own = await probe(this.#optionsFor(plan, context, signal));
    if (own.image === undefined) throw missingStep(own.steps);
    await using runtime = openRuntimeImage(own.image, startOf(own.image), this.#wiring);
    const whole = await probe(this.#optionsWith(runtime, signal));
    if (whole.image === undefined) throw missingStep(whole.steps);
    const repository = this.#cacheRepository();
    const store = this.#builder.cacheClient.repository(repository);
    const name = nameOf(repository, whole.image);
    if ((await store.headManifest(whole.image.manifest.digest, { signal })) === undefined)
      throw new ImageNotPushedError(name);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#builder[Symbol.asyncDispose]();
  }

  #openContext({ contextDirectory, ignore }: ImagePlan) {
    return openDirectoryContext(contextDirectory, { ignore, stateDir: this.#wiring.paths.state });
  }

  #optionsFor(plan: ImagePlan, context: BuildOptions['context'], signal: AbortSignal | undefined): BuildOptions {
    const { dockerfile, target, buildArgs } = plan;
    return { ...this.#base(signal), dockerfile, target, buildArgs, context };
  }

  #optionsWith(runtime: RuntimeImage, signal: AbortSignal | undefined): BuildOptions {
    const onProgress = withoutBaseImages(this.#onProgress); // the base is the image that was just built
    return { ...this.#base(signal), ...runtime.build, images: [runtime.source], onProgress };
  }

  #base(signal: AbortSignal | undefined) {
    const { options } = this.#wiring;
    const secrets = [...parseBuildSecrets(options.buildSecrets)];
    return {
      ...this.#builder.options,
      isolation: () => (this.#isolation = this.#builder.options.isolation()),
      // fixed times, so that a probe on another day finds the image that was pushed
      sourceDateEpoch: options.pushImage || options.getCachedImage ? 0 : undefined,
      secrets: new Map(secrets.map(([id, value]) => [id, { type: 'value', value: Buffer.from(value) }] as const)),
      signal,
    };
  }

  /** Opens the tree of the last step if it is a plain directory; otherwise unpacks all layers. */
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
    return parseCacheRepository(this.#wiring.options.cacheRepo ?? '');
  }
}

function withoutHits(listener: ProgressListener): ProgressListener {
  return withoutBaseImages((event) => {
    const isHit = event.type === 'step.finished' && event.outcome === 'cached';
    if (!isHit) listener(event);
  });
}

function withoutBaseImages(listener: ProgressListener): ProgressListener {
  return (event) => {
    if (event.type !== 'image.resolved') listener(event);
  };
}

function startOf({ config }: Image): StartConfig {
  return { user: config.config.User ?? '', env: config.config.Env ?? [] };
}

function nameOf({ registry, repository }: Reference, { manifest }: Image): string {
  return `${registry}/${repository}@${manifest.digest}`;
}

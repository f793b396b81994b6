import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CallOptions,
  type Digest,
  DigestMismatchError,
  isIndex,
  type Manifest,
  parseManifest,
  type RawManifest,
} from '@shale/core';
import { insideFolder } from '../configuration/inside-folder.ts';
import { archivedMetadata, downloadTarball } from './feature-archive.ts';
import { FeatureInvalidError, FeatureUnavailableError } from './feature-error.ts';
import { type FeatureMetadata, METADATA_FILE, parseFeatureMetadata } from './feature-metadata.ts';
import {
  type FeatureReferenceContext,
  type LocalFeatureReference,
  type OciFeatureReference,
  parseFeatureReference,
  type TarballFeatureReference,
} from './feature-reference.ts';
import type { FeatureSource } from './feature-source.ts';
import { currentFeatureName } from './legacy-features.ts';
import type { Lockfile } from './lockfile.ts';
import type { FeatureOrigin } from './resolved-feature.ts';

export interface FeatureLoaderOptions extends CallOptions, FeatureReferenceContext {
  readonly source: FeatureSource;
  /** Pins features to what they were when the file was written. */
  readonly lockfile?: Lockfile | undefined;
}

export interface LoadedFeature {
  readonly origin: FeatureOrigin;
  readonly metadata: FeatureMetadata;
}

export const FEATURE_CONFIG_TYPE = 'application/vnd.devcontainers';
const METADATA_ANNOTATION = 'dev.containers.metadata';

/** Finds features by name; each name is asked for once. */
export class FeatureLoader {
  readonly #options: FeatureLoaderOptions;
  readonly #loaded = new Map<string, Promise<LoadedFeature>>();

  constructor(options: FeatureLoaderOptions) {
    this.#options = options;
  }

  /** @throws {FeatureInvalidError} @throws {FeatureUnavailableError} @throws {DigestMismatchError} */
  load(id: string): Promise<LoadedFeature> {
    const known = this.#loaded.get(id);
    if (known !== undefined) return known;
    const loading = this.#load(id);
    this.#loaded.set(id, loading);
    return loading;
  }

  async #load(id: string): Promise<LoadedFeature> {
    this.#options.signal?.throwIfAborted();
    const reference = parseFeatureReference(id, this.#options);
    const integrity = this.#options.lockfile?.features[currentFeatureName(id)]?.integrity;
    switch (reference.type) {
      case 'local':
        return this.#loadLocal(id, reference);
      case 'tarball':
        return this.#loadTarball(id, reference, integrity);
      case 'oci':
        return this.#loadOci(id, reference, integrity);
    }
  }

  async #loadLocal(id: string, { folder }: LocalFeatureReference): Promise<LoadedFeature> {
    const { workspaceFolder } = this.#options;
    await insideFolder(workspaceFolder, workspaceFolder, folder);
    const text = await readFile(join(folder, METADATA_FILE), 'utf8').catch((cause: unknown) => {
      throw new FeatureInvalidError(`${id} has no ${METADATA_FILE}`, { cause });
    });
    return { origin: { type: 'local', folder }, metadata: parseFeatureMetadata(text, id) };
  }

  async #loadTarball(
    id: string,
    { url }: TarballFeatureReference,
    integrity: Digest | undefined,
  ): Promise<LoadedFeature> {
    const download = downloadTarball(url, { ...this.#options, integrity });
    const metadata = await archivedMetadata({ feature: id, content: download.content });
    return { origin: { type: 'tarball', url, digest: download.digest() }, metadata };
  }

  async #loadOci(id: string, name: OciFeatureReference, integrity: Digest | undefined): Promise<LoadedFeature> {
    const { source, signal } = this.#options;
    const wanted = integrity ?? name.digest ?? name.tag ?? 'latest';
    const found = async () => source.repository(name.reference).getManifest(wanted, { signal });
    const raw = await found().catch((cause: unknown) => this.#unavailable(id, cause));
    if (raw === undefined) throw new FeatureUnavailableError(id, 'its registry does not have it');
    const manifest = parseFeatureManifest(raw, id);
    const [layer] = manifest.layers;
    if (layer === undefined) throw new FeatureInvalidError(`${id} has no layer with its files`);
    const reference = { ...name.reference, tag: undefined, digest: raw.digest };
    const text = manifest.annotations?.[METADATA_ANNOTATION];
    const metadata =
      text === undefined
        ? await archivedMetadata({ feature: id, content: source.repository(name.reference).read(layer, { signal }) })
        : parseFeatureMetadata(text, id);
    return { origin: { type: 'oci', name, reference, manifest: raw, layer }, metadata };
  }

  #unavailable(id: string, cause: unknown): never {
    this.#options.signal?.throwIfAborted();
    if (cause instanceof DigestMismatchError) throw cause;
    throw new FeatureUnavailableError(id, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function parseFeatureManifest(raw: RawManifest, id: string): Manifest {
  const manifest = parseManifest(raw);
  if (!isIndex(manifest) && manifest.config.mediaType === FEATURE_CONFIG_TYPE) return manifest;
  throw new FeatureInvalidError(`${id} is no feature: the registry has an artifact of another kind under this name`);
}

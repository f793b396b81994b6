import {
  type BlobSource,
  type Digest,
  type HistoryEntry,
  type Image,
  type ImageConfig,
  type Layer,
  type LocalBlobStore,
  streamOf,
} from '@shale/core';
import { describeManifest, formatImageConfig, formatManifest, MediaType, sha256 } from '@shale/core';
import type { HistoryLine, PlannedStage, StepNode } from '../graph/build-graph.ts';
import { layerBlobs } from './layer-blobs.ts';
import type { StackedLayer } from '../graph/layer-stack.ts';
import type { StepResult } from '../graph/step-result.ts';

export interface AssembleOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch; `undefined` uses the times at which the layers were made. */
  readonly sourceDateEpoch: number | undefined;
  /** The family of media types. */
  readonly mediaTypes: 'oci' | 'docker';
  readonly resultOf: (step: StepNode) => StepResult;
}

const HISTORY_COMMENT = 'buildkit.dockerfile.v0';
/** Comment for layers of the base that its history does not list. */
const EXPORTER_COMMENT = 'buildkit.exporter.image.v0';

/** Assembles the image of a stage. Config and history are as BuildKit writes them. */
export function assembleImage(stage: PlannedStage, options: AssembleOptions): AssembledImage {
  const base = stage.base.image;
  const types = MEDIA_TYPES[options.mediaTypes];
  const { layers, history, created } = stack(stage, options);
  const config: ImageConfig = {
    ...(created !== undefined && { created }),
    ...(stage.state.author !== undefined && { author: stage.state.author }),
    ...stage.state.platform,
    config: withLabels(stage, options.labels),
    rootfs: { type: 'layers', diff_ids: layers.map(({ layer }) => layer.diffId) },
    history: [...(base === undefined ? [] : balancedHistory(base)), ...history],
  };
  const configBytes = formatImageConfig(config);
  const configDescriptor = {
    mediaType: types.config,
    digest: sha256(configBytes),
    size: configBytes.byteLength,
  };
  const manifest = formatManifest({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: configDescriptor,
    layers: layers.map(({ layer }) => describeLayer(layer, types)),
  });
  const documents = new Map<Digest, Uint8Array>([
    [configDescriptor.digest, configBytes],
    [manifest.digest, manifest.bytes],
  ]);
  return {
    documents,
    image: {
      manifest,
      config,
      configBytes,
      configDescriptor,
      layers: layers.map(({ layer }) => ({ ...layer, descriptor: describeLayer(layer, types) })),
      blobs: layerBlobs(layers, documents),
      homes: new Map(
        layers.flatMap(({ layer, home }) => (home === undefined ? [] : [[layer.descriptor.digest, home]])),
      ),
      origin: base?.origin ?? { source: 'scratch', name: 'scratch' },
    },
  };
}

export interface AssembledImage {
  readonly image: Image;
  /** Config and manifest, by digest. */
  readonly documents: ReadonlyMap<Digest, Uint8Array>;
}

/** Stores config and manifest, so that the image can be read by its digest. */
export async function keepDocuments({ documents, image }: AssembledImage, store: LocalBlobStore): Promise<void> {
  for (const descriptor of [image.configDescriptor, describeManifest(image.manifest)]) {
    const bytes = documents.get(descriptor.digest);
    if (bytes !== undefined) await store.put(descriptor, () => streamOf(bytes));
  }
}

function stack(stage: PlannedStage, { resultOf, sourceDateEpoch }: AssembleOptions) {
  const base = stage.base.image;
  const fixed = sourceDateEpoch === undefined ? undefined : formatTime(new Date(sourceDateEpoch * 1000));
  const layers: StackedLayer[] = (base?.layers ?? []).map((layer) => ({
    layer,
    blobs: base?.blobs as BlobSource,
  }));
  const history: HistoryEntry[] = [];
  const results = stage.history.map(({ node }) => node && resultOf(node));
  const first = results.find((result) => result !== undefined);
  // entries before the first new layer get the time of that layer
  let created = fixed ?? (first === undefined ? base?.config.created : formatTime(first.created));
  for (const [index, line] of stage.history.entries()) {
    const result = results[index];
    if (fixed === undefined && result !== undefined) created = formatTime(result.created);
    if (result !== undefined) layers.push(result.stacked);
    history.push(historyEntry(line, created, result === undefined));
  }
  return { layers, history, created };
}

/** The history of a base with exactly one entry for each layer: builders and registries count them. */
function balancedHistory({ config, layers }: Image): HistoryEntry[] {
  let counted = 0;
  const entries = (config.history ?? []).map((entry) => {
    if (entry.empty_layer === true || ++counted <= layers.length) return entry;
    return { ...entry, empty_layer: true };
  });
  const missing = Math.max(layers.length - counted, 0);
  const { created } = config;
  const unknown = { ...(created !== undefined && { created }), comment: EXPORTER_COMMENT };
  return [...entries, ...Array.from({ length: missing }, () => unknown)];
}

function historyEntry({ createdBy }: HistoryLine, created: string | undefined, emptyLayer: boolean): HistoryEntry {
  return {
    ...(created !== undefined && { created }),
    created_by: createdBy,
    comment: HISTORY_COMMENT,
    ...(emptyLayer && { empty_layer: true }),
  };
}

function withLabels({ state }: PlannedStage, labels: Readonly<Record<string, string>>) {
  if (Object.keys(labels).length === 0) return state.config;
  return { ...state.config, Labels: { ...state.config.Labels, ...labels } };
}

/** All documents of an image use one family: some registries refuse a manifest that mixes them. */
interface MediaTypes {
  readonly config: string;
  readonly manifest: string;
  readonly index: string;
  readonly layers: Readonly<Record<string, string>>;
}

export const MEDIA_TYPES: Readonly<Record<'oci' | 'docker', MediaTypes>> = {
  oci: {
    config: MediaType.ociConfig,
    manifest: MediaType.ociManifest,
    index: MediaType.ociIndex,
    layers: {
      [MediaType.dockerLayer]: MediaType.ociLayer,
      [MediaType.dockerLayerGzip]: MediaType.ociLayerGzip,
      [MediaType.dockerLayerZstd]: MediaType.ociLayerZstd,
    },
  },
  docker: {
    config: MediaType.dockerConfig,
    manifest: MediaType.dockerManifest,
    index: MediaType.dockerManifestList,
    layers: {
      [MediaType.ociLayer]: MediaType.dockerLayer,
      [MediaType.ociLayerGzip]: MediaType.dockerLayerGzip,
      [MediaType.ociLayerZstd]: MediaType.dockerLayerZstd,
    },
  },
};

/** Describes the same bytes with the media type of the family. */
function describeLayer(
  { descriptor: { mediaType, digest, size } }: Layer,
  { layers }: MediaTypes,
): Layer['descriptor'] {
  return { mediaType: layers[mediaType] ?? mediaType, digest, size };
}

const formatTime = (time: Date) => time.toISOString().replace(/\.000Z$/, 'Z');

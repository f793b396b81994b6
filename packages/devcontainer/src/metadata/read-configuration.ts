import type { RawManifest } from '@shale/core';
import type { JsonObject } from '@shale/core/json';
import { join } from 'node:path';
import type { LoadedConfiguration } from '../configuration/load-configuration.ts';
import type { WorkspaceLocation } from '../configuration/workspace-location.ts';
import type { OciOrigin, ResolvedFeature } from '../features/resolved-feature.ts';
import { currentFeatureName } from '../features/legacy-features.ts';
import { mergeConfiguration } from './merge-configuration.ts';
import { type MetadataEntry, metadataEntries } from './metadata-entry.ts';

export interface ReadConfigurationOptions {
  /** The features of the configuration, in order. @default the answer does not have them */
  readonly features?: ReadonlyFeatures | undefined;
  /** Entries of the base image. @default the answer has no merged configuration */
  readonly base?: readonly MetadataEntry[] | undefined;
}

export interface ReadonlyFeatures {
  readonly order: readonly ResolvedFeature[];
  /** Where their files are, or would be. */
  readonly folder: string;
}

/** What `devcontainer read-configuration` of the official CLI answers. */
export interface ReadConfiguration {
  readonly configuration: JsonObject;
  readonly workspace: WorkspaceLocation;
  readonly featuresConfiguration?: JsonObject | undefined;
  readonly mergedConfiguration?: JsonObject | undefined;
}

export function readConfiguration(
  loaded: LoadedConfiguration,
  options: ReadConfigurationOptions = {},
): ReadConfiguration {
  const { base, features } = options;
  const configuration = { ...loaded.configuration, configFilePath: fileUri(loaded.path) };
  const order = features?.order ?? [];
  return {
    configuration,
    workspace: loaded.workspace,
    ...(features && order.length > 0 && { featuresConfiguration: featuresConfiguration(features) }),
    ...(base && {
      mergedConfiguration: { ...mergeConfiguration(configuration, substitutedEntries(loaded, base, order)) },
    }),
  };
}

/** Every entry that counts for the container, its variables replaced. */
export function substitutedEntries(
  loaded: LoadedConfiguration,
  base: readonly MetadataEntry[],
  features: readonly ResolvedFeature[],
): readonly MetadataEntry[] {
  return metadataEntries({ base, features, configuration: loaded.raw }).map((entry) => loaded.substitute(entry));
}

/** As an editor's library for URIs writes it. */
function fileUri(path: string): JsonObject {
  return { $mid: 1, fsPath: path, path, scheme: 'vscode-fileHost' };
}

function featuresConfiguration({ order, folder }: ReadonlyFeatures): JsonObject {
  return { featureSets: order.map((feature, index) => featureSet(feature, index, folder)), dstFolder: folder };
}

function featureSet(feature: ResolvedFeature, index: number, folder: string): JsonObject {
  const { id, metadata, name, options, origin } = feature;
  const consecutiveId = `${name}_${index}`;
  const named = origin.type === 'oci' ? {} : { name: currentFeatureName(id) };
  const place = { value: options, included: true, cachePath: join(folder, consecutiveId), consecutiveId };
  return {
    sourceInformation: sourceInformation(feature),
    features: [{ ...named, ...metadata, id: name, ...place }],
    internalVersion: '2',
    ...(origin.type !== 'local' && { computedDigest: origin.type === 'oci' ? origin.manifest.digest : origin.digest }),
  };
}

function sourceInformation({ id, origin }: ResolvedFeature): JsonObject {
  switch (origin.type) {
    case 'local':
      return { type: 'file-path', resolvedFilePath: origin.folder, userFeatureId: id };
    case 'tarball':
      return { type: 'direct-tarball', tarballUri: origin.url, userFeatureId: id };
    case 'oci':
      return {
        type: 'oci',
        manifest: manifestDocument(origin.manifest),
        manifestDigest: origin.manifest.digest,
        featureRef: featureRef(origin),
        userFeatureId: id,
        userFeatureIdWithoutVersion: id.replace(/[:@][^/]*$/, ''),
      };
  }
}

function manifestDocument({ bytes }: RawManifest): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}

function featureRef({ name, reference }: OciOrigin): JsonObject {
  const { id, registry, namespace, resource, tag, digest } = name;
  return {
    scheme: registry.split(':')[0] === 'localhost' ? 'http' : 'https',
    id,
    owner: reference.repository.split('/')[0],
    namespace,
    registry,
    resource,
    path: reference.repository,
    version: digest ?? tag,
    tag,
    digest,
  };
}

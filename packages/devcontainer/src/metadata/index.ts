export { mergeHostRequirements, sizeBytes } from './host-requirements.ts';
export { mergeConfiguration, type MergedConfiguration } from './merge-configuration.ts';
export { type MetadataEntry, metadataEntries, type MetadataOptions, type MetadataSources } from './metadata-entry.ts';
export { formatMetadataLabel, METADATA_LABEL, type ParsedLabel, parseMetadataLabel } from './metadata-label.ts';
export { mergeMounts, mountFields } from './mounts.ts';
export {
  type ReadConfiguration,
  readConfiguration,
  type ReadConfigurationOptions,
  substitutedEntries,
} from './read-configuration.ts';
export { type DevcontainerUsers, devcontainerUsers, type ImageUser } from './users.ts';

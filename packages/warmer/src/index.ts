export { type ArchiveLayout, layOutArchive, type PlacedBlob } from './archive-layout.ts';
export { devcontainerImages, type DevcontainerImagesOptions, DevcontainerInvalidError } from './devcontainer-images.ts';
export type { EntryForm } from './entry-form.ts';
export { dockerfileImages, type DockerfileImagesOptions } from './dockerfile-images.ts';
export { parseImageList, parsePlatforms } from './image-list.ts';
export { blobsOf, type FoundBlob } from './pull-image.ts';
export { evictOldest, type EvictOptions, type PruneOptions, type PruneResult, pruneUnnamed } from './prune.ts';
export {
  repositoryImages,
  type RepositoryImagesOptions,
  RepositoryFileMissingError,
} from './repository-images.ts';
export { WarmFailedError } from './resolve-image.ts';
export { warm, type WarmOptions } from './warm.ts';
export type { WarmEvent, WarmListener, WarmResult, WarmStatus, WarmedImage } from './warm-event.ts';
export { mergeTargets, type WarmTarget } from './warm-plan.ts';
export { WarmedDirectory, type WarmedEntry, type WarmedPointerFile } from './warmed-directory.ts';

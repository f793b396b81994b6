export { type ArchiveLayout, layOutArchive, type PlacedBlob } from './archive-layout.ts';
export { dockerfileImages, type DockerfileImagesOptions } from './dockerfile-images.ts';
export { parseImageList, parsePlatforms } from './image-list.ts';
export { evictOldest, type EvictOptions, type PruneOptions, type PruneResult, pruneUnnamed } from './prune.ts';
export { WarmFailedError } from './resolve-image.ts';
export { warm, type WarmOptions } from './warm.ts';
export type { WarmEvent, WarmListener, WarmResult, WarmStatus, WarmedImage } from './warm-event.ts';
export { mergeTargets, type WarmTarget } from './warm-plan.ts';
export { WarmedDirectory, type WarmedEntry, type WarmedPointer } from './warmed-directory.ts';

/** What a build needs so that it can be explained later; it loads next to nothing. @module */
export { BuildJournal, type DegradedCache } from './build-journal.ts';
export { cacheWarnings } from './cache-warnings.ts';
export { keepTrails } from './keep-trails.ts';
export type { TrailPlace } from './trails.ts';

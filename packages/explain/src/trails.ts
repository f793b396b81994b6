import { type BuildTrails, buildTrails } from '@shale/cache/explain';

/** Where a build's trails are: the keys of its earlier runs, and a note about the last one. */
export interface TrailPlace {
  /** The root of a directory cache. It holds trails also for builds that use other caches. */
  readonly directory: string;
  /** A name that stays when files and options change, such as the path of the Dockerfile. */
  readonly build: string;
}

export function openTrails({ directory }: Pick<TrailPlace, 'directory'>): BuildTrails {
  return buildTrails(directory);
}

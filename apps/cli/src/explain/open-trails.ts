import { join } from 'node:path';
import { type BuildTrails, buildTrails } from '@shale/cache/explain';

export interface TrailPlace {
  readonly stateDir: string;
  /** As `buildIdentity` names it. */
  readonly build: string;
}

/** The trails of a state folder, whatever caches are used. */
export function openTrails({ stateDir }: Pick<TrailPlace, 'stateDir'>): BuildTrails {
  return buildTrails(join(stateDir, 'cache'));
}

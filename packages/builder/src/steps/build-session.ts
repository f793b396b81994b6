import type { VisibleFiles } from './visible-files.ts';
import { visibleFiles } from './visible-files.ts';
import type { CallOptions } from '@shale/core';
import type { StepOptions } from './step-options.ts';

/** What the steps of one build share while they run. */
export interface BuildSession extends AsyncDisposable {
  readonly visible: VisibleFiles;
  /** Cache mounts that `noCache` had start empty, by id: once a build. */
  readonly emptiedCaches: Set<string>;
}

export function openBuildSession({ stateDir, signal }: Pick<StepOptions, 'stateDir'> & CallOptions): BuildSession {
  const visible = visibleFiles({ stateDir, signal });
  return { visible, emptiedCaches: new Set(), [Symbol.asyncDispose]: () => visible[Symbol.asyncDispose]() };
}

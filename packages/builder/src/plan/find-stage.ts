import type { Dockerfile, Stage } from '@shale/dockerfile-parser';

/** The latest stage of this name before `before`: a later stage may take a name again. */
export function findStage(dockerfile: Dockerfile, name: string, before: number): Stage | undefined {
  return dockerfile.stages.slice(0, before).findLast((stage) => stage.name === name.toLowerCase());
}

export function stageName({ name, index }: Stage): string {
  return name ?? `stage-${index}`;
}

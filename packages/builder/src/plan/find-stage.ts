import type { Dockerfile, Stage } from '@shale/dockerfile-parser';

/** The last stage with this name among the first `before` stages: several stages may have the same name. */
export function findStage(dockerfile: Dockerfile, name: string, before: number): Stage | undefined {
  return dockerfile.stages.slice(0, before).findLast((stage) => stage.name === name.toLowerCase());
}

export function stageName({ name, index }: Stage): string {
  return name ?? `stage-${index}`;
}

import { hostPlatform } from '@shale/core';
import type { Dockerfile, Stage } from '@shale/dockerfile-parser';
import { didYouMean, DockerfileError } from '@shale/dockerfile-parser';
import { BaseImages } from './base-images.ts';
import { platformArgs } from './build-args.ts';
import type { PlannedStage } from '../graph/build-graph.ts';
import { instructionScope } from './instruction-scope.ts';
import { findStage } from './find-stage.ts';
import { planStage } from './plan-stage.ts';
import type { Planning, PlanOptions } from './planning.ts';

/**
 * Plans the target stage and the stages that it depends on. Reads the configs of base images, but no layer and no file.
 * @throws {DockerfileError} with its place. @throws {BaseImageMissingError}
 */
export async function planBuild(dockerfile: Dockerfile, options: PlanOptions): Promise<PlannedStage> {
  const target = targetStage(dockerfile, options);
  const bases =
    options.bases ??
    new BaseImages({ sources: options.images, onProgress: options.onProgress, signal: options.signal });
  const stages = new Map<number, Promise<PlannedStage>>();
  const planning: Planning = {
    dockerfile,
    options,
    bases,
    globalArgs: evaluateGlobalArgs(dockerfile, options, target),
    stage(index) {
      const known = stages.get(index);
      if (known !== undefined) return known;
      // in a later tick, so that a long chain of stages does not overflow the stack
      const planned = Promise.resolve().then(() => planStage(dockerfile.stages[index] as Stage, planning));
      stages.set(index, planned);
      return planned;
    },
    image: async (name, platform) => ({ kind: 'base', image: await bases.resolve(name, platform), platform }),
  };
  return planning.stage(target.index);
}

function targetStage(dockerfile: Dockerfile, { target, source: { name: file } }: PlanOptions): Stage {
  const last = dockerfile.stages.at(-1);
  if (last === undefined) throw new DockerfileError('dockerfile contains no stages to build', { file });
  if (target === undefined || target === '') return last;
  const byIndex = /^\d+$/.test(target) ? dockerfile.stages[Number(target)] : undefined;
  const found = findStage(dockerfile, target, dockerfile.stages.length) ?? byIndex;
  if (found !== undefined) return found;
  const names = dockerfile.stages.flatMap(({ name }) => name ?? []);
  throw new DockerfileError(`target stage "${target}" could not be found${didYouMean(target.toLowerCase(), names)}`, {
    file,
    hint: names.length === 0 ? 'No stage has a name. Add AS NAME to a FROM.' : `The stages are ${names.join(', ')}.`,
  });
}

function evaluateGlobalArgs(dockerfile: Dockerfile, options: PlanOptions, target: Stage): Map<string, string> {
  const values = platformArgs(options.platform, hostPlatform(), target.name ?? 'default');
  for (const [key, value] of Object.entries(options.buildArgs)) if (values.has(key)) values.set(key, value);
  for (const { args, range } of dockerfile.metaArgs) {
    const { expand } = instructionScope({
      variables: values,
      escape: dockerfile.directives.escape,
      file: options.source.name,
      range,
    });
    for (const { key, value } of args) {
      const given = options.buildArgs[key];
      if (given !== undefined) values.set(key, given);
      else if (value !== undefined) values.set(key, expand.word(value));
    }
  }
  return values;
}

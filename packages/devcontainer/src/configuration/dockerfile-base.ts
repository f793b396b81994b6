import { formatPlatform, type Platform } from '@shale/core';
import { type Dockerfile, expandWord, parseDockerfile, type Stage } from '@shale/dockerfile-parser';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';

export interface DockerfileBaseOptions {
  /** For messages. */
  readonly file?: string | undefined;
  readonly args?: Readonly<Record<string, string>> | undefined;
  /** @default the last stage */
  readonly target?: string | undefined;
  /** What is built, and what builds. */
  readonly platform: Platform;
}

/**
 * The image that the target stage stands on: its label counts for the dev container.
 * @returns `undefined` for `scratch`.
 * @throws {DevcontainerInvalidError} for a target that is no stage. @throws {DockerfileError}
 */
export function dockerfileBase(text: string, options: DockerfileBaseOptions): string | undefined {
  const { file, target } = options;
  const dockerfile = parseDockerfile(text, { file });
  const lookup = globalArgs(dockerfile, options);
  const { stages, directives } = dockerfile;
  const last = target === undefined ? stages.at(-1) : stages.findLast(({ name }) => name === target.toLowerCase());
  if (last === undefined) {
    throw new DevcontainerInvalidError(`${file ?? 'The Dockerfile'} has no stage ${JSON.stringify(target)}`, { file });
  }
  const baseOf = (stage: Stage): string => {
    const image = expandWord(stage.from.image, lookup, directives).text;
    const below = stages.slice(0, stage.index).findLast(({ name }) => name === image.toLowerCase());
    return below === undefined ? image : baseOf(below);
  };
  const image = baseOf(last);
  return image === 'scratch' ? undefined : image;
}

function globalArgs(
  { metaArgs, directives }: Dockerfile,
  { args = {}, platform }: DockerfileBaseOptions,
): (name: string) => string | undefined {
  const known = new Map(['TARGET', 'BUILD'].flatMap((prefix) => platformArgs(prefix, platform)));
  const lookup = (name: string) => known.get(name);
  for (const { key, value } of metaArgs.flatMap((instruction) => instruction.args)) {
    const text = args[key] ?? (value === undefined ? undefined : expandWord(value, lookup, directives).text);
    if (text !== undefined) known.set(key, text);
  }
  return lookup;
}

function platformArgs(prefix: string, platform: Platform): readonly (readonly [string, string])[] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

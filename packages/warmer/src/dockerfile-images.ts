import { formatPlatform, hostPlatform, parsePlatform, parseReference, type Platform } from '@shale/core';
import { type Dockerfile, expandWord, parseDockerfile, parseMount } from '@shale/dockerfile-parser';
import type { WarmTarget } from './warm-plan.ts';

export interface DockerfileImagesOptions {
  /** The path that messages show. */
  readonly file?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** The platform of the build. @default this machine's */
  readonly platform?: Platform | undefined;
}

/**
 * The images that a build of this Dockerfile may need, from FROM, `COPY --from` and `RUN --mount=from=`, in their order.
 * Stages and `scratch` are not images.
 * @throws {DockerfileError} @throws {ReferenceInvalidError}
 * @example dockerfileImages('ARG V=3\nFROM alpine:$V\n', { buildArgs: { V: '3.20' } })[0].reference.tag // '3.20'
 */
export function dockerfileImages(text: string, options: DockerfileImagesOptions = {}): readonly WarmTarget[] {
  const { file, buildArgs = {}, platform = hostPlatform() } = options;
  const dockerfile = parseDockerfile(text, { file });
  const args = globalArgs(dockerfile, buildArgs, platform);
  const expand = (word: string) => expandWord(word, (name) => args.get(name), dockerfile.directives).text;
  const names = new Set<string>();
  const targets: WarmTarget[] = [];
  const add = (image: string, platforms: readonly Platform[]) => {
    if (image === '' || image === 'scratch' || names.has(image.toLowerCase()) || /^\d+$/.test(image)) return;
    targets.push({ reference: parseReference(image), platforms });
  };
  for (const stage of dockerfile.stages) {
    const own = stage.from.platform === undefined ? '' : expand(stage.from.platform);
    add(expand(stage.from.image), [own === '' ? platform : parsePlatform(own)]);
    if (stage.name !== undefined) names.add(stage.name);
  }
  for (const image of dockerfile.stages.flatMap(({ instructions }) => instructions.flatMap(copiedFrom))) {
    add(image, [platform]);
  }
  return targets;
}

type Instruction = Dockerfile['stages'][number]['instructions'][number];

function copiedFrom(instruction: Instruction): readonly string[] {
  if (instruction.keyword === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.keyword !== 'RUN') return [];
  return instruction.mounts.flatMap((text) => {
    const mount = parseMount(text, { expand: (word) => word });
    return 'from' in mount && mount.from !== undefined ? [mount.from] : [];
  });
}

function globalArgs(
  { metaArgs, directives }: Dockerfile,
  buildArgs: Readonly<Record<string, string>>,
  target: Platform,
): ReadonlyMap<string, string> {
  const args = new Map([...platformArgs('TARGET', target), ...platformArgs('BUILD', hostPlatform())]);
  for (const [key, value] of Object.entries(buildArgs)) if (args.has(key)) args.set(key, value);
  for (const { key, value } of metaArgs.flatMap((instruction) => instruction.args)) {
    const given = buildArgs[key];
    if (given !== undefined) args.set(key, given);
    else if (value !== undefined) args.set(key, expandWord(value, (name) => args.get(name), directives).text);
  }
  return args;
}

function platformArgs(prefix: string, platform: Platform): readonly (readonly [string, string])[] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}

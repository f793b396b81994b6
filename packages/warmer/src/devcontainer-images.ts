import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseReference, hostPlatform, ShaleError } from '@shale/core';
import { asObject, asOptional, asString, asStringMap } from '@shale/core/json';
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser';
import { dockerfileImages, type DockerfileImagesOptions } from './dockerfile-images.ts';
import { repositoryFile } from './repository-file.ts';
import type { WarmTarget } from './warm-plan.ts';

/** A devcontainer.json that cannot be read. */
export class DevcontainerInvalidError extends ShaleError {
  readonly code = 'CONTEXT_INVALID';
}

export interface DevcontainerImagesOptions extends Omit<DockerfileImagesOptions, 'file'> {
  /** A real path. A Dockerfile outside of it is refused. @default none is refused */
  readonly root?: string | undefined;
}

/**
 * The images that a dev container needs: its `image`, or those that its Dockerfile refers to.
 * @throws {DevcontainerInvalidError} @throws {DockerfileError}
 * @see https://containers.dev/implementors/json_reference/#image-specific
 */
export async function devcontainerImages(
  path: string,
  options: DevcontainerImagesOptions = {},
): Promise<readonly WarmTarget[]> {
  const fail = (message: string, cause?: unknown) => new DevcontainerInvalidError(`${path}: ${message}`, { cause });
  const read = (file: string) =>
    readFile(file, 'utf8').catch((cause: unknown) => Promise.reject(fail(`cannot read ${file}`, cause)));
  const document = asObject(parseJsonc(await read(path), fail), 'the document', fail);
  const { platform = hostPlatform() } = options;
  const image = asOptional(document['image'], (value) => asString(value, 'image', fail));
  if (image !== undefined) return [{ reference: parseReference(image), platforms: [platform] }];
  const build = asOptional(document['build'], (value) => asObject(value, 'build', fail)) ?? {};
  const named = build['dockerfile'] ?? document['dockerFile'];
  if (named === undefined) return [];
  const file = await fileBeside(path, asString(named, 'build.dockerfile', fail), options);
  const args = asOptional(build['args'], (value) => asStringMap(value, 'build.args', fail)) ?? {};
  return dockerfileImages(await read(file), { ...options, file, buildArgs: { ...args, ...options.buildArgs } });
}

async function fileBeside(path: string, name: string, { root }: DevcontainerImagesOptions): Promise<string> {
  return root === undefined
    ? resolve(dirname(path), name)
    : repositoryFile(root, join(relative(root, dirname(path)), name));
}

function parseJsonc(text: string, fail: (message: string) => Error): unknown {
  const errors: ParseError[] = [];
  const document: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) throw fail(`${printParseErrorCode(first.error)} at character ${first.offset}`);
  return document;
}

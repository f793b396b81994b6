import { readFileSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { asObject, asOptional, asString, asStringArray, parseJson } from '@shale/core/json';

/** User and environment of an image, which a container of it cannot find in its own root file system. */
export interface StartConfig {
  /** The value of `USER`: a name or number, with an optional group. */
  readonly user: string;
  /** `KEY=value`. */
  readonly env: readonly string[];
}

class ImageFileInvalidError extends ShaleError {
  readonly code = 'STORE_INVALID';
}

/** Writes the `image` file of a pushed image. The name `container_user` is envbuilder's. Equal configs give equal bytes. */
export function formatImageFile({ user, env }: StartConfig): string {
  return `${JSON.stringify({ container_user: user, env }, undefined, 2)}\n`;
}

/** @returns `undefined` if there is no such file @throws {ImageFileInvalidError} */
export function readImageFile(path: string): StartConfig | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const fail = (message: string) => new ImageFileInvalidError(`unmarshal metadata: ${path}: ${message}`);
  const document = asObject(parseJson(text, 'image', fail), 'image', fail);
  return {
    user: asOptional(document['container_user'], (value) => asString(value, 'container_user', fail)) ?? '',
    env: asOptional(document['env'], (value) => asStringArray(value, 'env', fail)) ?? [],
  };
}

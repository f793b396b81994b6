import { readFileSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { asObject, asOptional, asString, asStringArray, parseJson } from '@shale/core/json';

/** How the environment of an image starts: all that a container of it cannot learn from its own root file system. */
export interface StartConfig {
  /** As in `USER`: a name or number, with an optional group. */
  readonly user: string;
  /** `KEY=value`. */
  readonly env: readonly string[];
}

class ImageFileInvalidError extends ShaleError {
  readonly code = 'STORE_INVALID';
}

/** The `image` file of a pushed image. `container_user` is envbuilder's. The same config gives the same bytes. */
export function formatImageFile({ user, env }: StartConfig): string {
  return `${JSON.stringify({ container_user: user, env }, undefined, 2)}\n`;
}

/** `undefined` where there is none. @throws {ImageFileInvalidError} */
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

import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { findPath, rootOf } from '../tree/find-path.ts';
import { plainTree } from '../tree/source-tree.ts';
import { ContextInvalidError } from '../graph/context.ts';
import { ignoreRules } from './ignore-rules.ts';

export interface FoundDockerfile {
  /** The path as the user would write it. */
  readonly name: string;
  readonly text: string;
  /** The rules of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`. */
  readonly ignore: readonly string[];
}

/** The maximum size of a Dockerfile, in bytes. */
const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;

export interface FindDockerfileOptions {
  /** Absolute, or relative to the context. @default Dockerfile, then dockerfile */
  readonly name?: string | undefined;
  /** Whether to read ignore files: git and tar contexts have none. */
  readonly readIgnore: boolean;
  /** Whether symlinks must stay in the context: for contexts that come from others. */
  readonly scoped: boolean;
}

/** @throws {ContextInvalidError} if there is no Dockerfile. @throws {LocatedError} for an invalid ignore file. */
export function findDockerfile(root: string, { name, readIgnore, scoped }: FindDockerfileOptions): FoundDockerfile {
  const candidates = name === undefined ? ['Dockerfile', 'dockerfile'] : [name];
  for (const candidate of candidates) {
    const path = scoped ? scopedFile(root, candidate) : isAbsolute(candidate) ? candidate : join(root, candidate);
    const text = path === undefined ? undefined : readText(path);
    if (path === undefined || text === undefined) continue;
    return { name: candidate, text, ignore: readIgnore ? readRules(root, path, candidate) : [] };
  }
  throw new ContextInvalidError(`failed to read dockerfile: open ${candidates[0]}: no such file or directory`, {
    hint: name === undefined ? 'Give the path of the Dockerfile.' : 'Check the path of the Dockerfile.',
  });
}

function readRules(root: string, path: string, name: string): readonly string[] {
  const own = readText(`${path}.dockerignore`);
  if (own !== undefined) return ignoreRules(own, `${name}.dockerignore`);
  return ignoreRules(readText(join(root, '.dockerignore')) ?? '', '.dockerignore');
}

function scopedFile(root: string, name: string): string | undefined {
  const tree = plainTree(root);
  return findPath(tree, rootOf(tree), name)?.host;
}

function readText(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isFile()) throw new ContextInvalidError(`${path} is not a file`);
    if (stats.size > MAX_DOCKERFILE_BYTES)
      throw new ContextInvalidError(`${path} is larger than ${MAX_DOCKERFILE_BYTES} bytes`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ContextInvalidError) throw cause;
    throw new ContextInvalidError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type BuildOptions,
  gitAuthorization,
  ignoreRules,
  type NamedContext,
  openDirectoryContext,
  openGitContext,
} from '@shale/builder';
import { type CallOptions, formatReference, type ImageSource, isDigest, parseReference, sha256 } from '@shale/core';
import { loadLayoutImage } from '@shale/registry';
import { UsageError } from '../usage-error.ts';
import { isGitUrl } from './git-url.ts';

export interface NamedContexts {
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** Resolves the references that stand for layouts in `contexts`. */
  readonly images: ImageSource | undefined;
}

interface LayoutPlace {
  readonly path: string;
  readonly target: string | undefined;
}

/** No registry has this name: references below it stand for layouts on disk. */
const LAYOUT_HOST = 'oci-layout.invalid';

export interface NamedContextOptions extends CallOptions {
  readonly cwd: string;
  readonly stateDir: string | undefined;
  /** For git. */
  readonly environment: Readonly<Record<string, string>>;
  /** Among them credentials for git. @default none */
  readonly secrets?: BuildOptions['secrets'];
  /** Of git. @default false */
  readonly keepGitDirectory?: boolean | undefined;
}

/** Reads `--build-context NAME=PLACE`. @throws {UsageError} @throws {ReferenceInvalidError} @throws {GitFailedError} */
export async function openNamedContexts(
  places: Readonly<Record<string, string>>,
  { cwd, stateDir, environment, secrets, keepGitDirectory, signal }: NamedContextOptions,
): Promise<NamedContexts> {
  const layouts = new Map<string, LayoutPlace>();
  const open = async (name: string, place: string): Promise<NamedContext> => {
    const image = /^docker-image:\/\/(.+)$/.exec(place)?.[1];
    if (image !== undefined) return { type: 'image', reference: formatReference(parseReference(image)) };
    const layout = /^oci-layout:\/\/(.+)$/.exec(place)?.[1];
    if (isGitUrl(place)) {
      const authorization = await gitAuthorization(place, secrets);
      return {
        type: 'directory',
        context: await openGitContext(place, { environment, authorization, keepGitDirectory, signal }),
      };
    }
    if (layout === undefined) return { type: 'directory', context: openDirectory(name, resolve(cwd, place), stateDir) };
    const reference = `${LAYOUT_HOST}/${sha256(place).slice('sha256:'.length)}:latest`;
    layouts.set(reference, layoutPlace(layout, cwd));
    return { type: 'image', reference };
  };
  const contexts = new Map<string, NamedContext>();
  try {
    for (const [name, place] of Object.entries(places)) contexts.set(name, await open(name, place));
  } catch (error) {
    await closeNamedContexts(contexts);
    throw error;
  }
  return { contexts, images: layouts.size === 0 ? undefined : layoutImages(layouts) };
}

/** Frees what the directories among them hold. */
export async function closeNamedContexts(contexts: ReadonlyMap<string, NamedContext>): Promise<void> {
  for (const named of contexts.values()) if (named.type === 'directory') await named.context[Symbol.asyncDispose]();
}

function openDirectory(name: string, path: string, stateDir: string | undefined) {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`--build-context ${name}: ${path} is not a directory`, {
      hint: 'Name a directory, docker-image://REF, oci-layout://DIR or a git URL.',
    });
  }
  const ignore = statSync(join(path, '.dockerignore'), { throwIfNoEntry: false })?.isFile() === true;
  return openDirectoryContext(path, {
    ignore: ignore ? ignoreRules(readFileSync(join(path, '.dockerignore'), 'utf8'), join(path, '.dockerignore')) : [],
    stateDir,
  });
}

/** `DIR`, `DIR:TAG`, `DIR@sha256:…`. */
function layoutPlace(text: string, cwd: string): LayoutPlace {
  const at = text.lastIndexOf('@');
  if (at > 0 && isDigest(text.slice(at + 1)))
    return { path: resolve(cwd, text.slice(0, at)), target: text.slice(at + 1) };
  const [, path = text, target] = /^(.*?)(?::([^:/]+))?$/.exec(text) ?? [];
  return { path: resolve(cwd, path), target };
}

function layoutImages(layouts: ReadonlyMap<string, LayoutPlace>): ImageSource {
  return {
    name: 'named layouts',
    async resolve(reference, options) {
      const place = layouts.get(formatReference(reference));
      return place && loadLayoutImage(place.path, place.target, options);
    },
  };
}

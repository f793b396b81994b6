import { existsSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { isDigest, parseReference } from '@shale/core';
import type { ContextLocation, DockerfileLocation, LayoutLocation, NamedContextLocation } from '@shale/wiring';
import type { Session } from '../session.ts';
import { UsageError } from '../errors/usage-error.ts';
import { isGitUrl } from './git-url.ts';

export interface SourceArguments extends Pick<Session, 'cwd' | 'stdin'> {
  /** The context as the user wrote it. */
  readonly argument: string;
  /** The value of `--file`. */
  readonly file: string | undefined;
}

export interface SourceLocations {
  readonly context: ContextLocation;
  readonly dockerfile: DockerfileLocation | undefined;
}

const STDIN = '-';

/** Reads the context argument and `--file`. @throws {UsageError} */
export function sourceLocations({ argument, file, cwd, stdin }: SourceArguments): SourceLocations {
  if (argument === STDIN && file === STDIN) throw new UsageError('Context and Dockerfile cannot both come from stdin');
  const context = contextLocation(argument, { cwd, stdin });
  return { context, dockerfile: dockerfileLocation(file, { cwd, stdin, context }) };
}

function contextLocation(argument: string, { cwd, stdin }: Pick<Session, 'cwd' | 'stdin'>): ContextLocation {
  if (argument === STDIN) return { kind: 'stream', open: stdin };
  if (isGitUrl(argument)) return { kind: 'git', url: argument };
  const path = resolve(cwd, argument);
  const found: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? { kind: 'archive', path } : { kind: 'directory', path, name: argument };
}

interface DockerfilePlace extends Pick<Session, 'cwd' | 'stdin'> {
  readonly context: ContextLocation;
}

function dockerfileLocation(
  file: string | undefined,
  { cwd, stdin, context }: DockerfilePlace,
): DockerfileLocation | undefined {
  if (file === undefined) return undefined;
  if (file === STDIN) return { kind: 'stream', open: stdin };
  const path = context.kind === 'directory' ? dockerfilePath(file, { cwd, root: context.path }) : file;
  return { kind: 'file', path, name: file };
}

/** Relative to the working directory, as in docker; if no such file exists, relative to the context, as in kaniko. */
function dockerfilePath(file: string, { cwd, root }: { readonly cwd: string; readonly root: string }): string {
  const beside = resolve(cwd, file);
  return existsSync(beside) || isAbsolute(file) || !existsSync(join(root, file)) ? beside : join(root, file);
}

/** Reads the values of `--build-context NAME=PLACE`. @throws {UsageError} @throws {ReferenceInvalidError} */
export function namedContextLocations(
  places: Readonly<Record<string, string>>,
  cwd: string,
): Readonly<Record<string, NamedContextLocation>> {
  return Object.fromEntries(
    Object.entries(places).map(([name, place]) => [name, namedContextLocation(name, place, cwd)]),
  );
}

function namedContextLocation(name: string, place: string, cwd: string): NamedContextLocation {
  const image = /^docker-image:\/\/(.+)$/.exec(place)?.[1];
  if (image !== undefined) return { kind: 'image', reference: parseReference(image) };
  const layout = /^oci-layout:\/\/(.+)$/.exec(place)?.[1];
  if (layout !== undefined) return layoutLocation(layout, cwd);
  if (isGitUrl(place)) return { kind: 'git', url: place };
  const path = resolve(cwd, place);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return { kind: 'directory', path };
  throw new UsageError(`--build-context ${name}: ${path} is not a directory`, {
    hint: 'Name a directory, docker-image://REF, oci-layout://DIR or a git URL.',
  });
}

/** `DIR`, `DIR:TAG`, `DIR@sha256:…`. */
function layoutLocation(text: string, cwd: string): LayoutLocation {
  const at = text.lastIndexOf('@');
  if (at > 0 && isDigest(text.slice(at + 1)))
    return { kind: 'layout', path: resolve(cwd, text.slice(0, at)), target: text.slice(at + 1) };
  const [, path = text, target] = /^(.*?)(?::([^:/]+))?$/.exec(text) ?? [];
  return { kind: 'layout', path: resolve(cwd, path), target };
}

import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { undefinedIfMissing } from '@shale/core/files';
import { didYouMean } from '@shale/dockerfile-parser';
import { insideFolder } from '../configuration/inside-folder.ts';
import { type ComposeFile, objectAt, readComposeFile } from './compose-file.ts';
import { type BuildDefinition, readService, type ServiceDefinition } from './service-definition.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface ComposeServiceOptions {
  /** Absolute paths; later files win. */
  readonly files: readonly string[];
  readonly service: string;
  /** The environment of the machine; it wins over `.env` beside the first file. */
  readonly environment: Variables;
  /** Nothing outside of it is read. */
  readonly workspaceFolder: string;
}

export interface ComposeBuild {
  /** Absolute. */
  readonly context: string;
  /** Absolute path, or the text. */
  readonly dockerfile: { readonly path: string } | { readonly text: string };
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly cacheFrom: readonly string[];
}

/** The one service of compose files that becomes a dev container. */
export interface ComposeService {
  readonly image: string | undefined;
  readonly build: ComposeBuild | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  readonly entrypoint: readonly string[] | string | undefined;
  readonly command: readonly string[] | string | undefined;
  /** Services beside it, which nobody starts, and keys that are not understood. */
  readonly warnings: readonly string[];
}

const MAX_EXTENDS = 50;

/**
 * Reads one service of compose files: image or build, environment, user, working_dir, entrypoint and command; with variables,
 * `extends` and several files.
 * @throws {ComposeInvalidError} @throws {DevcontainerInvalidError} for a path that leads out of the workspace folder.
 */
export async function composeService(options: ComposeServiceOptions): Promise<ComposeService> {
  const { service, workspaceFolder } = options;
  const paths = await Promise.all(options.files.map((path) => insideFolder(workspaceFolder, workspaceFolder, path)));
  const files = await Promise.all(paths.map((path) => readComposeFile(path, dirname(paths[0] ?? path))));
  const [first] = files;
  if (first === undefined) throw new Error('No compose file is named');
  const context: Reading = {
    variables: { ...(await dotenv(first.folder)), ...options.environment },
    workspaceFolder,
  };
  const having = files.filter((file) => Object.hasOwn(file.services, service));
  const names = [...new Set(files.flatMap((file) => Object.keys(file.services)))];
  if (having.length === 0) {
    const hint = `There are: ${names.join(', ')}.`;
    throw first.failAt(
      ['services'],
      `There is no service ${JSON.stringify(service)}${didYouMean(service, names)}`,
      hint,
    );
  }
  const definitions = await Promise.all(having.map((file) => extended(file, service, context)));
  const merged = definitions.flat().reduce(mergeServices);
  if (merged.image === undefined && merged.build === undefined) {
    throw first.failAt(['services', service], `services.${service} has neither image nor build`);
  }
  const { ignored, build, environment, image, user, workingDir, entrypoint, command } = merged;
  return {
    image,
    build: build && (await composeBuild(build, first.folder, context)),
    environment: setVariables(environment),
    user,
    workingDir,
    entrypoint,
    command,
    warnings: warningsOf(service, names, ignored),
  };
}

interface Reading {
  readonly variables: Variables;
  readonly workspaceFolder: string;
}

/** What a service stands on, then the service. */
async function extended(
  file: ComposeFile,
  service: string,
  reading: Reading,
  way: readonly string[] = [],
): Promise<readonly ServiceDefinition[]> {
  const here = `${file.path}#${service}`;
  const keys = ['services', service, 'extends'];
  if (way.includes(here) || way.length > MAX_EXTENDS) {
    throw file.failAt(keys, `services.${service} extends itself: ${[...way, here].join(' -> ')}`);
  }
  const own = readService(file, service, reading.variables);
  const base = extendsOf(file, service);
  if (base === undefined) return [own];
  const path = base.file === undefined ? file.path : resolve(file.folder, base.file);
  const { workspaceFolder } = reading;
  const other =
    path === file.path ? file : await readComposeFile(await insideFolder(workspaceFolder, file.folder, path));
  if (!Object.hasOwn(other.services, base.service)) {
    throw file.failAt(keys, `services.${service} extends ${base.service}, which is not in ${other.path}`);
  }
  return [...(await extended(other, base.service, reading, [...way, here])), own];
}

function extendsOf(file: ComposeFile, service: string): { service: string; file?: string | undefined } | undefined {
  const value = objectAt(file.services[service])?.['extends'];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return { service: value };
  const { service: name, file: path } = objectAt(value) ?? {};
  if (typeof name === 'string' && (path === undefined || typeof path === 'string'))
    return { service: name, file: path };
  throw file.failAt(['services', service, 'extends'], `services.${service}.extends must name a service`);
}

/** The later file wins; variables are merged by name. */
function mergeServices(base: ServiceDefinition, over: ServiceDefinition): ServiceDefinition {
  return {
    image: over.image ?? base.image,
    build: base.build && over.build ? mergeBuilds(base.build, over.build) : (over.build ?? base.build),
    environment: { ...base.environment, ...over.environment },
    user: over.user ?? base.user,
    workingDir: over.workingDir ?? base.workingDir,
    entrypoint: over.entrypoint ?? base.entrypoint,
    command: over.command ?? base.command,
    ignored: [...new Set([...base.ignored, ...over.ignored])],
  };
}

function mergeBuilds(base: BuildDefinition, over: BuildDefinition): BuildDefinition {
  return {
    context: over.context ?? base.context,
    dockerfile: over.dockerfile ?? base.dockerfile,
    dockerfileInline: over.dockerfileInline ?? base.dockerfileInline,
    target: over.target ?? base.target,
    args: { ...base.args, ...over.args },
    cacheFrom: [...(base.cacheFrom ?? []), ...(over.cacheFrom ?? [])],
  };
}

async function composeBuild(build: BuildDefinition, folder: string, reading: Reading): Promise<ComposeBuild> {
  const { workspaceFolder } = reading;
  const context = await insideFolder(workspaceFolder, folder, build.context ?? folder);
  return {
    context,
    dockerfile:
      build.dockerfileInline === undefined
        ? { path: await insideFolder(workspaceFolder, context, build.dockerfile ?? 'Dockerfile') }
        : { text: build.dockerfileInline },
    args: setVariables(build.args),
    target: build.target,
    cacheFrom: build.cacheFrom ?? [],
  };
}

/** Names without a value anywhere are not set. */
function setVariables(variables: Variables = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function warningsOf(service: string, names: readonly string[], ignored: readonly string[]): readonly string[] {
  const siblings = names.filter((name) => name !== service);
  return [
    ...(siblings.length > 0
      ? [`Only the service ${service} becomes a dev container, without ${siblings.join(', ')}`]
      : []),
    ...(ignored.length > 0 ? [`services.${service} has keys that are ignored: ${ignored.join(', ')}`] : []),
  ];
}

async function dotenv(folder: string): Promise<Variables> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(undefinedIfMissing);
  return text === undefined ? {} : parseEnv(text);
}

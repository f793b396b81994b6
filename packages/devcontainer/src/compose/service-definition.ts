import type { JsonObject } from '@shale/core/json';
import { resolve } from 'node:path';
import { type ComposeFile, objectAt } from './compose-file.ts';
import { interpolate, InterpolationError } from './interpolate.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface BuildDefinition {
  /** Absolute. */
  readonly context?: string | undefined;
  readonly dockerfile?: string | undefined;
  readonly dockerfileInline?: string | undefined;
  readonly target?: string | undefined;
  readonly args?: Variables | undefined;
  readonly cacheFrom?: readonly string[] | undefined;
}

/** What one file says of a service. */
export interface ServiceDefinition {
  readonly image?: string | undefined;
  readonly build?: BuildDefinition | undefined;
  readonly environment?: Variables | undefined;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
  readonly entrypoint?: readonly string[] | string | undefined;
  readonly command?: readonly string[] | string | undefined;
  /** Keys that are not understood here. */
  readonly ignored: readonly string[];
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  'build',
  'command',
  'depends_on',
  'entrypoint',
  'environment',
  'extends',
  'image',
  'user',
  'working_dir',
]);

/**
 * Reads a service of one file, its variables replaced.
 * @param variables For `${NAME}`, and for names in `environment` and `args` that have no value.
 * @throws {ComposeInvalidError}
 */
export function readService(file: ComposeFile, name: string, variables: Variables): ServiceDefinition {
  const written = objectAt(file.services[name]);
  if (written === undefined) throw file.failAt(['services', name], `services.${name} must be a mapping`);
  const reader = new ServiceReader(file, ['services', name], variables);
  return {
    image: reader.text(written, 'image'),
    build: reader.build(written['build']),
    environment: reader.variables(written, 'environment'),
    user: reader.text(written, 'user'),
    workingDir: reader.text(written, 'working_dir'),
    entrypoint: reader.words(written, 'entrypoint'),
    command: reader.words(written, 'command'),
    ignored: Object.keys(written).filter((key) => !UNDERSTOOD.has(key) && !key.startsWith('x-')),
  };
}

class ServiceReader {
  readonly #file: ComposeFile;
  readonly #path: readonly string[];
  readonly #variables: Variables;

  constructor(file: ComposeFile, path: readonly string[], variables: Variables) {
    this.#file = file;
    this.#path = path;
    this.#variables = variables;
  }

  text(parent: JsonObject, key: string): string | undefined {
    const value = parent[key];
    return value === undefined || value === null ? undefined : this.#scalar(value, [key]);
  }

  /** A text, which a shell would split, or a list. */
  words(parent: JsonObject, key: string): readonly string[] | string | undefined {
    const value = parent[key];
    return Array.isArray(value) ? value.map((word) => this.#scalar(word, [key])) : this.text(parent, key);
  }

  /** `{ A: b }` or `[A=b]`; a name without a value has that of the environment. */
  variables(parent: JsonObject, key: string): Variables | undefined {
    const value = parent[key];
    if (value === undefined || value === null) return undefined;
    const mapping = objectAt(value);
    if (mapping !== undefined) {
      return Object.fromEntries(
        Object.entries(mapping).map(([name, text]) => [
          name,
          text === null ? this.#variables[name] : this.#scalar(text, [key, name]),
        ]),
      );
    }
    if (!Array.isArray(value)) throw this.#fail([key], 'must be a mapping or a list of NAME=value');
    return Object.fromEntries(value.map((item) => this.#assignment(this.#scalar(item, [key]))));
  }

  build(value: unknown): BuildDefinition | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return { context: this.#folder(this.#scalar(value, ['build'])) };
    const written = objectAt(value);
    if (written === undefined) throw this.#fail(['build'], 'must be a folder or a mapping');
    const inside = new ServiceReader(this.#file, [...this.#path, 'build'], this.#variables);
    const context = inside.text(written, 'context');
    const cacheFrom = inside.words(written, 'cache_from');
    return {
      context: context === undefined ? undefined : inside.#folder(context),
      dockerfile: inside.text(written, 'dockerfile'),
      dockerfileInline: inside.text(written, 'dockerfile_inline'),
      target: inside.text(written, 'target'),
      args: inside.variables(written, 'args'),
      cacheFrom: cacheFrom === undefined ? undefined : [cacheFrom].flat(),
    };
  }

  #folder(context: string): string {
    if (/^(\w+:\/\/|git@)/.test(context)) throw this.#fail([], 'must build from a folder here, not from a URL');
    return resolve(this.#file.folder, context);
  }

  #assignment(text: string): readonly [string, string | undefined] {
    const equals = text.indexOf('=');
    return equals === -1 ? [text, this.#variables[text]] : [text.slice(0, equals), text.slice(equals + 1)];
  }

  #scalar(value: unknown, keys: readonly string[]): string {
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw this.#fail(keys, 'must be a text');
    try {
      return interpolate(String(value), this.#variables);
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error;
      throw this.#fail(keys, `cannot be used. ${error.message}`);
    }
  }

  #fail(keys: readonly string[], what: string): Error {
    const path = [...this.#path, ...keys];
    return this.#file.failAt(path, `${path.join('.')} ${what}`);
  }
}

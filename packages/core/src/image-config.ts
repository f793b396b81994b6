import type { Digest } from './digest.ts';
import { parseDigest } from './digest.ts';
import { ConfigInvalidError } from './errors.ts';
import type { JsonObject } from './json.ts';
import {
  asArray,
  asBoolean,
  asInteger,
  asObject,
  asOptional,
  asString,
  asStringArray,
  asStringMap,
  parseJson,
} from './json.ts';
import { MAX_CONFIG_BYTES } from './manifest.ts';
import type { Platform } from './platform.ts';

/** How a container of the image starts. Durations are in nanoseconds, as docker writes them. */
export interface HealthCheck {
  /** `['NONE']`, `['CMD', ...argv]` or `['CMD-SHELL', script]`. */
  readonly Test?: readonly string[] | undefined;
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

/** The `config` object of an image config, with its field names. The last five are docker's extensions. */
export interface ContainerConfig {
  readonly User?: string | undefined;
  readonly ExposedPorts?: Readonly<Record<string, object>> | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Entrypoint?: readonly string[] | undefined;
  readonly Cmd?: readonly string[] | undefined;
  readonly Volumes?: Readonly<Record<string, object>> | undefined;
  readonly WorkingDir?: string | undefined;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
  readonly StopSignal?: string | undefined;
  readonly ArgsEscaped?: boolean | undefined;
  readonly Healthcheck?: HealthCheck | undefined;
  readonly OnBuild?: readonly string[] | undefined;
  readonly Shell?: readonly string[] | undefined;
}

export interface HistoryEntry {
  readonly created?: string | undefined;
  readonly created_by?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  readonly empty_layer?: boolean | undefined;
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export interface ImageConfig extends Platform {
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly config: ContainerConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly HistoryEntry[];
}

const fail = (message: string) => new ConfigInvalidError(message);

/**
 * Keeps the fields that shale knows, and drops others, such as docker's legacy `container` and `id`.
 * @throws {ConfigInvalidError} naming the field.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.byteLength > MAX_CONFIG_BYTES) throw fail(`The image config is larger than ${MAX_CONFIG_BYTES} bytes`);
  const document = asObject(parseJson(bytes, 'image config', fail), 'image config', fail);
  const rootfs = asOptional(document['rootfs'], (value) => asObject(value, 'rootfs', fail)) ?? {};
  const diffIds = asOptional(rootfs['diff_ids'], (value) => asStringArray(value, 'rootfs.diff_ids', fail)) ?? [];
  const history = asOptional(document['history'], (value) => asArray(value, 'history', fail)) ?? [];
  return {
    ...optionalText(document, ['created', 'author', 'variant', 'os.version']),
    architecture: asOptional(document['architecture'], (value) => asString(value, 'architecture', fail)) ?? '',
    os: asOptional(document['os'], (value) => asString(value, 'os', fail)) ?? '',
    config: asOptional(document['config'], parseContainerConfig) ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds.map(parseDigest) },
    history: history.map((entry, index) => parseHistory(entry, `history[${index}]`)),
  };
}

function parseContainerConfig(value: unknown): ContainerConfig {
  const object = asObject(value, 'config', fail);
  const read = <T>(key: keyof ContainerConfig, parse: (value: unknown, path: string, failure: typeof fail) => T) =>
    asOptional(object[key], (inner) => parse(inner, `config.${key}`, fail));
  const set = (inner: unknown, path: string) =>
    Object.fromEntries(Object.keys(asObject(inner, path, fail)).map((key) => [key, {}]));
  return defined({
    User: read('User', asString),
    ExposedPorts: read('ExposedPorts', set),
    Env: read('Env', asStringArray),
    Entrypoint: read('Entrypoint', asStringArray),
    Cmd: read('Cmd', asStringArray),
    Volumes: read('Volumes', set),
    WorkingDir: read('WorkingDir', asString),
    Labels: read('Labels', asStringMap),
    StopSignal: read('StopSignal', asString),
    ArgsEscaped: read('ArgsEscaped', asBoolean),
    Healthcheck: read('Healthcheck', parseHealthCheck),
    OnBuild: read('OnBuild', asStringArray),
    Shell: read('Shell', asStringArray),
  });
}

function parseHealthCheck(value: unknown, path: string): HealthCheck {
  const object = asObject(value, path, fail);
  const number = (key: string) => asOptional(object[key], (inner) => asInteger(inner, `${path}.${key}`, fail));
  return defined({
    Test: asOptional(object['Test'], (inner) => asStringArray(inner, `${path}.Test`, fail)),
    Interval: number('Interval'),
    Timeout: number('Timeout'),
    StartPeriod: number('StartPeriod'),
    StartInterval: number('StartInterval'),
    Retries: number('Retries'),
  });
}

function parseHistory(value: unknown, path: string): HistoryEntry {
  const object = asObject(value, path, fail);
  const empty = asOptional(object['empty_layer'], (inner) => asBoolean(inner, `${path}.empty_layer`, fail));
  return {
    ...optionalText(object, ['created', 'created_by', 'author', 'comment']),
    ...(empty === true && { empty_layer: true }),
  };
}

function optionalText<K extends string>(object: JsonObject, keys: readonly K[]): { [P in K]?: string } {
  const texts = keys.map((key) => [key, asOptional(object[key], (value) => asString(value, key, fail))] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined && text !== '')) as { [P in K]?: string };
}

function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** Equal configs give equal bytes: fields have one order, names are sorted as in Go, absent fields are omitted. */
export function formatImageConfig(config: ImageConfig): Uint8Array {
  const { created, author, architecture, os, variant, config: container, rootfs, history } = config;
  const osVersion = config['os.version'];
  const document = {
    created,
    author,
    architecture,
    os,
    variant,
    'os.version': osVersion,
    config: inOrder(container),
    rootfs,
    history,
  };
  return Buffer.from(JSON.stringify(document));
}

const CONTAINER_KEYS: readonly (keyof ContainerConfig)[] = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
];

function inOrder(config: ContainerConfig): ContainerConfig {
  const { ExposedPorts, Volumes, Labels } = config;
  const sets = { ExposedPorts: sorted(ExposedPorts), Volumes: sorted(Volumes), Labels: sorted(Labels) };
  const whole: ContainerConfig = { ...config, ...sets };
  return Object.fromEntries(CONTAINER_KEYS.map((key) => [key, whole[key]]));
}

function sorted<T>(record: Readonly<Record<string, T>> | undefined): Readonly<Record<string, T>> | undefined {
  return record && Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseReference, ShaleError } from '@shale/core';
import { Cron } from 'croner';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';

/** A config file that cannot be read, or says what makes no sense. */
export class ConfigFileInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30, TB: 1e12 };

const duration = z
  .string()
  .regex(/^\d+(?:s|m|h|d)$/, 'a number and s, m, h or d, as in 5m')
  .transform((text) => Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? 0));
const size = z
  .string()
  .regex(/^\d+ ?(?:B|MB|MiB|GB|GiB|TB)$/, 'a number and MB, MiB, GB, GiB or TB, as in 200GB')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_BYTES[text.replace(/^\d+ ?/, '')] ?? 0));
const image = z.string().refine(isReference, 'not an image reference');
const cron = z.string().refine(isCron, 'not a cron pattern: minute hour day month weekday');
const timeZone = z.string().refine(isTimeZone, 'not a time zone of the IANA database');

const files = (usual: string) =>
  z.array(z.string()).optional().describe(`Paths in the repository; ${usual} by default`);
const repository = z.strictObject({
  url: z.string().describe('As https://git.example/app.git#main:folder'),
  dockerfiles: files('Dockerfile and Containerfile, where they are,'),
  devcontainers: files('those that the specification names'),
  buildArgs: z.record(z.string(), z.string()).default({}),
});

const schedule = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes'),
  cron,
  timeZone: timeZone.default('UTC'),
  jitter: duration.prefault('0s').describe('Each run starts at a random time up to this much later, as in 5m'),
  platforms: z.array(z.string()).min(1).optional().describe("As linux/amd64, or all; this machine's by default"),
  images: z.array(image).default([]),
  lists: z.array(z.string()).default([]).describe('Files with one image a line'),
  dockerfiles: z
    .array(z.strictObject({ path: z.string(), buildArgs: z.record(z.string(), z.string()).default({}) }))
    .default([]),
  devcontainers: z.array(z.string()).default([]).describe('Paths of devcontainer.json files'),
  repositories: z
    .array(repository)
    .default([])
    .describe('Git repositories; each run asks what their ref is now, and reads them when it moved'),
  watch: z.boolean().default(true).describe('Run as well when a file that this schedule reads has changed'),
});

const configSchema = z.strictObject({
  directory: z.string().describe('The directory to fill; builds mount it read-only'),
  listen: z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$/, 'host:port')
    .default('127.0.0.1:8080'),
  hosts: z
    .array(z.string())
    .default([])
    .describe(
      'Public names under which clients reach the daemon, as warmer.example.com; other public names are refused',
    ),
  tokenFile: z
    .string()
    .optional()
    .describe('Holds the token that POST /api/warm asks for; without it nothing may be started'),
  webhookSecretFile: z.string().optional().describe('Holds the secret that push notifications are signed with'),
  history: z.string().optional().describe('A SQLite file; in memory when absent'),
  concurrency: z.int().min(1).max(64).default(4),
  bandwidth: size
    .refine((bytes) => bytes > 0, 'more than 0')
    .optional()
    .describe('Most to download in a second, from all registries together, as in 50MB'),
  format: z
    .enum(['tar', 'oci'])
    .default('tar')
    .describe("How new images lie in the directory: kaniko's tar, or an OCI image layout"),
  cacheTtl: duration.prefault('14d').describe('An image that no run confirmed for this long is verified byte by byte'),
  maxSize: size.optional(),
  prune: z.boolean().default(false).describe('Remove images that no schedule names'),
  serve: z.boolean().default(false).describe('Answer as a read-only registry under /v2/'),
  registries: z
    .strictObject({
      dockerConfigs: z.array(z.string()).default([]).describe('Files like ~/.docker/config.json, read again each run'),
      concurrency: z.int().min(1).max(64).default(4).describe('Blobs in transfer at once with one registry'),
      mirrors: z
        .record(z.string(), z.array(z.string()))
        .default({})
        .describe('Asked first, by the registry they stand for'),
      mirrorFallback: z.boolean().default(true).describe('Ask the registry itself when no mirror has an image'),
      insecure: z
        .array(z.string())
        .default([])
        .describe('Hosts that speak plain http or show a certificate of their own'),
    })
    .prefault({}),
  schedules: z.array(schedule).min(1),
});

export type Config = z.infer<typeof configSchema>;
export type ScheduleConfig = Config['schedules'][number];
export type RepositoryConfig = ScheduleConfig['repositories'][number];

/** For editors: describes the config file. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}

/** Reads and checks the file; relative paths in it start from its folder. @throws {ConfigFileInvalidError} */
export async function readConfig(path: string): Promise<Config> {
  const fail = (why: string, cause?: unknown) =>
    new ConfigFileInvalidError(`${path}: ${why}`, { cause, hint: 'See docs/warming.md, or shale-warmerd --schema.' });
  const text = await readFile(path, 'utf8').catch((cause: unknown) => Promise.reject(fail('it cannot be read', cause)));
  const parsed = configSchema.safeParse(parseYaml(text, fail));
  if (!parsed.success) throw fail(z.prettifyError(parsed.error));
  const names = parsed.data.schedules.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw fail(`two schedules are named ${twice}`);
  return withAbsolutePaths(parsed.data, dirname(path));
}

function parseYaml(text: string, fail: (why: string, cause: unknown) => Error): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw fail(cause instanceof YAMLParseError ? cause.message : 'it is not YAML', cause);
  }
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const from = (path: string) => resolve(folder, path);
  const maybe = (path: string | undefined) => (path === undefined ? undefined : from(path));
  return {
    ...config,
    directory: from(config.directory),
    tokenFile: maybe(config.tokenFile),
    webhookSecretFile: maybe(config.webhookSecretFile),
    history: maybe(config.history),
    registries: { ...config.registries, dockerConfigs: config.registries.dockerConfigs.map(from) },
    schedules: config.schedules.map((entry) => ({
      ...entry,
      lists: entry.lists.map(from),
      devcontainers: entry.devcontainers.map(from),
      dockerfiles: entry.dockerfiles.map(({ path, buildArgs }) => ({ path: from(path), buildArgs })),
    })),
  };
}

function isReference(text: string): boolean {
  return succeeds(() => parseReference(text));
}

function isCron(text: string): boolean {
  return succeeds(() => new Cron(text, { paused: true }));
}

function isTimeZone(text: string): boolean {
  return succeeds(() => new Intl.DateTimeFormat('en', { timeZone: text }));
}

function succeeds(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

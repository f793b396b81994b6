import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseReference, ShaleError } from '@shale/core';
import { Cron } from 'croner';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';

/** A config file that cannot be read or is invalid. */
export class ConfigFileInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30, TB: 1e12 };

const duration = z
  .string()
  .regex(/^\d+(?:s|m|h|d)$/, 'a number with s, m, h or d, for example 5m')
  .transform((text) => Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? 0));
const size = z
  .string()
  .regex(/^\d+ ?(?:B|MB|MiB|GB|GiB|TB)$/, 'a number with MB, MiB, GB, GiB or TB, for example 200GB')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_BYTES[text.replace(/^\d+ ?/, '')] ?? 0));
const image = z.string().refine(isReference, 'not an image reference');
const cron = z.string().refine(isCron, 'not a cron pattern: minute hour day month weekday');
const timeZone = z.string().refine(isTimeZone, 'not a time zone of the IANA database');

const files = (usual: string) => z.array(z.string()).optional().describe(`Paths in the repository. Default: ${usual}`);
const repository = z.strictObject({
  url: z.string().describe('For example https://git.example/app.git#main:folder'),
  dockerfiles: files('Dockerfile and Containerfile, if they exist'),
  devcontainers: files('the paths that the specification names'),
  buildArgs: z.record(z.string(), z.string()).default({}),
});

const schedule = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes'),
  cron,
  timeZone: timeZone.default('UTC'),
  jitter: duration.prefault('0s').describe('Each run is delayed by a random time up to this, for example 5m'),
  platforms: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("For example linux/amd64; all for every platform. Default: this machine's"),
  images: z.array(image).default([]),
  lists: z.array(z.string()).default([]).describe('Files with one image on each line'),
  dockerfiles: z
    .array(z.strictObject({ path: z.string(), buildArgs: z.record(z.string(), z.string()).default({}) }))
    .default([]),
  devcontainers: z.array(z.string()).default([]).describe('Paths of devcontainer.json files'),
  repositories: z
    .array(repository)
    .default([])
    .describe('Git repositories. Each run resolves their ref, and reads them again when it moved'),
  watch: z.boolean().default(true).describe('Also run when a file that this schedule reads has changed'),
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
      'Public host names of the daemon, for example warmer.example.com. Requests to other public names are refused',
    ),
  tokenFile: z
    .string()
    .optional()
    .describe('A file with the token for POST /api/warm. Without it, no run can be started over HTTP'),
  webhookSecretFile: z.string().optional().describe('A file with the secret that signs push notifications'),
  history: z.string().optional().describe('A SQLite file. Default: in memory'),
  concurrency: z.int().min(1).max(64).default(4),
  bandwidth: size
    .refine((bytes) => bytes > 0, 'more than 0')
    .optional()
    .describe('Most bytes to download in a second from all registries together, for example 50MB'),
  format: z
    .enum(['tar', 'oci'])
    .default('tar')
    .describe("Format of new images in the directory: kaniko's tar, or an OCI image layout"),
  cacheTtl: duration.prefault('14d').describe('Verify every byte of an image that no run has confirmed for this long'),
  maxSize: size.optional(),
  prune: z.boolean().default(false).describe('Remove images that no schedule names'),
  serve: z.boolean().default(false).describe('Serve the images as a read-only registry under /v2/'),
  registries: z
    .strictObject({
      dockerConfigs: z
        .array(z.string())
        .default([])
        .describe('Docker config files with credentials, read again at each run'),
      concurrency: z.int().min(1).max(64).default(4).describe('Blobs to transfer at once with one registry'),
      mirrors: z
        .record(z.string(), z.array(z.string()))
        .default({})
        .describe('Registries to ask first, by the registry that they mirror'),
      mirrorFallback: z.boolean().default(true).describe('Ask the registry itself when no mirror has the image'),
      insecure: z
        .array(z.string())
        .default([])
        .describe('Hosts that may speak plain http and whose certificates are not verified'),
    })
    .prefault({}),
  schedules: z.array(schedule).min(1),
});

export type Config = z.infer<typeof configSchema>;
export type ScheduleConfig = Config['schedules'][number];
export type RepositoryConfig = ScheduleConfig['repositories'][number];

/** The JSON schema of the config file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}

/** Reads and checks the config file. Its relative paths start at its own folder. @throws {ConfigFileInvalidError} */
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

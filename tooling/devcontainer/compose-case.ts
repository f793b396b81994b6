import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { composeService } from '@shale/devcontainer/compose';
import { parse } from 'yaml';
import { runCommand } from '../src/command.ts';
import type { ComposeCase } from './cases/compose.ts';

/** Stands for the folder of a case. */
const WORKSPACE = '/WORKSPACE';

type Json = Readonly<Record<string, unknown>>;

/** Writes the files of a case. */
export async function placeCompose({ files }: ComposeCase, workspaceFolder: string): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspaceFolder, name)), { recursive: true });
    await writeFile(join(workspaceFolder, name), text);
  }
}

/** The service as docker-compose prints it, its folder as `/WORKSPACE`. */
export async function composeOfficially(one: ComposeCase, workspaceFolder: string): Promise<Json> {
  const { composeFiles = ['compose.yml'], env = {} } = one;
  const files = composeFiles.flatMap((name) => ['-f', join(workspaceFolder, name)]);
  const unset = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const { status, stdout, stderr } = await runCommand(['docker-compose', ...files, 'config'], {
    cwd: workspaceFolder,
    env: { ...unset, PATH: process.env['PATH'], HOME: workspaceFolder, ...env },
  });
  if (status !== 0) throw new Error(`docker-compose refuses ${one.name}: ${stderr}`);
  const { services } = parse(stdout.replaceAll(workspaceFolder, WORKSPACE)) as { services: Record<string, Json> };
  const { image, build, environment, user, working_dir } = services['app'] ?? {};
  return { image, build, environment, user, working_dir };
}

/** The same of shale, in docker-compose's words. */
export async function composeOurselves(one: ComposeCase, workspaceFolder: string): Promise<Json> {
  const { composeFiles = ['compose.yml'], env = {} } = one;
  const service = await composeService({
    files: composeFiles.map((name) => join(workspaceFolder, name)),
    service: 'app',
    environment: env,
    workspaceFolder,
  });
  const { build, image, user, workingDir } = service;
  const text = JSON.stringify({
    image,
    build: build && { ...build, dockerfile: 'path' in build.dockerfile ? build.dockerfile.path : undefined },
    environment: service.environment,
    user,
    working_dir: workingDir,
  });
  return JSON.parse(text.replaceAll(workspaceFolder, WORKSPACE)) as Json;
}

/** Says what docker-compose leaves unsaid, in our form. */
export function comparable({ build, environment, ...service }: Json): Json {
  if (build === undefined) return { ...service, environment: dollars(environment) };
  const { context, dockerfile = 'Dockerfile', args, target, cache_from } = build as Json;
  return {
    ...service,
    environment: dollars(environment),
    build: {
      context,
      dockerfile: `${String(context)}/${String(dockerfile)}`,
      args: texts(args),
      cacheFrom: cache_from ?? [],
      ...(target !== undefined && { target }),
    },
  };
}

/** What it prints could be read again: `$` is `$$`. */
function dollars(environment: unknown): Json {
  return Object.fromEntries(
    Object.entries(texts(environment)).map(([name, text]) => [name, text.replaceAll('$$', '$')]),
  );
}

function texts(values: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries((values ?? {}) as Json).map(([name, value]) => [name, String(value)]));
}

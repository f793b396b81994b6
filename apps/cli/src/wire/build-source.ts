import { type Stats, createReadStream, existsSync, statSync, closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type BuildContext,
  type BuildOptions,
  type DockerfileSource,
  findDockerfile,
  ignoreRules,
  openDirectoryContext,
  gitAuthorization,
  openGitContext,
  openTarContext,
} from '@shale/builder';
import type { CallOptions } from '@shale/core';
import type { Session } from '../commands/command.ts';
import { UsageError } from '../usage-error.ts';
import { gitEnvironment } from '@shale/wiring';
import { isGitUrl } from './git-url.ts';

export interface BuildSourceOptions extends CallOptions, Pick<Session, 'cwd' | 'env' | 'stdin'> {
  /** What the user wrote after the flags. */
  readonly argument: string;
  /** Read what is on this machine only. @default false */
  readonly offline?: boolean | undefined;
  /** What the user wrote after `--file`. */
  readonly file: string | undefined;
  /** Where the context's stat cache is kept; `undefined` for none. */
  readonly stateDir: string | undefined;
  /** Among them credentials for git. @default none */
  readonly secrets?: BuildOptions['secrets'];
  /** Of a git context. @default false */
  readonly keepGitDirectory?: boolean | undefined;
}

/** What a build starts from. */
export interface BuildSource {
  readonly context: BuildContext;
  readonly dockerfile: DockerfileSource;
}

const STDIN = '-';
const MAX_STDIN_DOCKERFILE_BYTES = 16 * 1024 * 1024;
const TAR_MAGIC_OFFSET = 257;

/** Opens the context, and finds the Dockerfile in it, beside it, or on stdin. The context is the caller's to dispose. */
export async function openBuildSource(options: BuildSourceOptions): Promise<BuildSource> {
  const { argument, file, cwd, stdin, env, signal } = options;
  if (argument === STDIN) {
    if (file === STDIN) throw new UsageError('Context and Dockerfile cannot both come from stdin');
    return openStdin(stdin(), options);
  }
  if (isGitUrl(argument)) {
    const authorization = await gitAuthorization(argument, options.secrets);
    const { keepGitDirectory } = options;
    const environment = gitEnvironment(env, options);
    const context = await openGitContext(argument, { signal, environment, authorization, keepGitDirectory });
    return withDockerfile(context, options);
  }
  const path = resolve(cwd, argument);
  const found: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true) return openDirectory(path, options);
  return withDockerfile(await openTarContext(createReadStream(path), { signal }), options);
}

async function openDirectory(
  path: string,
  { argument, file, cwd, stdin, stateDir }: BuildSourceOptions,
): Promise<BuildSource> {
  if (!existsSync(path)) openDirectoryContext(path); // says what is wrong with it
  if (file === STDIN) {
    const ignore = await readFile(join(path, '.dockerignore'), 'utf8').catch(() => '');
    const context = openDirectoryContext(path, { ignore: ignoreRules(ignore, '.dockerignore'), stateDir });
    return { context, dockerfile: { name: 'Dockerfile', text: await readDockerfile(stdin()) } };
  }
  const name = file === undefined ? undefined : dockerfilePath(file, { cwd, root: path });
  const found = findDockerfile(path, { name, readIgnore: true, scoped: false });
  const context = openDirectoryContext(path, { ignore: found.ignore, stateDir });
  const shown = file ?? (argument === '.' ? found.name : join(argument, found.name));
  return { context, dockerfile: { name: shown, text: found.text } };
}

/** Beside the user first, as docker does; else in the context, as kaniko does. */
function dockerfilePath(file: string, { cwd, root }: { readonly cwd: string; readonly root: string }): string {
  const beside = resolve(cwd, file);
  return existsSync(beside) || isAbsolute(file) || !existsSync(join(root, file)) ? beside : join(root, file);
}

async function withDockerfile(context: BuildContext, { file, stdin }: BuildSourceOptions): Promise<BuildSource> {
  try {
    if (file === STDIN) return { context, dockerfile: { name: 'Dockerfile', text: await readDockerfile(stdin()) } };
    const found = findDockerfile(context.root, { name: file, readIgnore: false, scoped: true });
    return { context, dockerfile: { name: found.name, text: found.text } };
  } catch (error) {
    await context[Symbol.asyncDispose]();
    throw error;
  }
}

/** A tar is the context; anything else is a Dockerfile that needs none. */
async function openStdin(stdin: Readable, options: BuildSourceOptions): Promise<BuildSource> {
  const chunks = stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < TAR_MAGIC_OFFSET + 5) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    length += next.value.byteLength;
  }
  if (isArchive(Buffer.concat(head))) {
    return withDockerfile(await openTarContext(resumed(head, chunks), { signal: options.signal }), options);
  }
  const text = await readLimited(resumed(head, chunks));
  return { context: await openTarContext(empty()), dockerfile: { name: 'Dockerfile', text } };
}

/** Whether a path is a file that is no archive. */
export function isTextFile(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(TAR_MAGIC_OFFSET + 5);
  const file = openSync(path, 'r');
  try {
    return !isArchive(head.subarray(0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

/** Tar, gzip, bzip2, xz and zstd. */
function isArchive(head: Buffer): boolean {
  if (head.subarray(TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + 5).toString('latin1') === 'ustar') return true;
  return ['1f8b', '425a68', 'fd377a585a', '28b52ffd'].some((magic) => head.toString('hex', 0, 5).startsWith(magic));
}

async function* resumed(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* empty(): AsyncIterable<Uint8Array> {
  yield new Uint8Array(1024);
}

async function readDockerfile(stdin: Readable): Promise<string> {
  return readLimited(stdin as AsyncIterable<Uint8Array>);
}

async function readLimited(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > MAX_STDIN_DOCKERFILE_BYTES)
      throw new UsageError(`The Dockerfile on stdin is larger than ${MAX_STDIN_DOCKERFILE_BYTES} bytes`);
    read.push(chunk);
  }
  return Buffer.concat(read).toString('utf8');
}

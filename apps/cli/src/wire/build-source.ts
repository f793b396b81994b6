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
import { ARCHIVE_HEAD_BYTES, type CallOptions, looksLikeArchive, peek, streamOf } from '@shale/core';
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
/** Zeros alone, as long as a tar's end marker. */
const EMPTY_TAR_BYTES = 1024;

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

/** An archive is the context; anything else is a Dockerfile that needs none. */
async function openStdin(stdin: Readable, options: BuildSourceOptions): Promise<BuildSource> {
  const { start, all } = await peek(stdin as AsyncIterable<Uint8Array>, ARCHIVE_HEAD_BYTES);
  if (looksLikeArchive(start)) return withDockerfile(await openTarContext(all, { signal: options.signal }), options);
  const text = await readLimited(all);
  const context = await openTarContext(streamOf(new Uint8Array(EMPTY_TAR_BYTES)));
  return { context, dockerfile: { name: 'Dockerfile', text } };
}

/** Whether a path is a file that is no archive. */
export function isTextFile(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(ARCHIVE_HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    return !looksLikeArchive(head.subarray(0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
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

import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { asObject, asString, parseJson } from '@shale/core/json';
import type { Credentials } from './keychain.ts';
import { CredentialsInvalidError, printable } from './registry-error.ts';

const NAME = /^[a-z0-9._-]+$/;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;

/**
 * Finds `docker-credential-<name>` in `path`, as in `PATH`; skips folders that are not absolute.
 * @param origin The file that names the program, for messages.
 * @throws {CredentialsInvalidError} for a name that could lead elsewhere.
 */
export async function findCredentialHelper(
  name: string,
  path: string | undefined,
  origin: string,
): Promise<string | undefined> {
  if (!NAME.test(name)) {
    throw new CredentialsInvalidError(
      `${origin} names a credential program ${JSON.stringify(name.slice(0, 100))}`,
      origin,
      {
        hint: 'Its name may hold lower-case letters, digits, ".", "_" and "-".',
      },
    );
  }
  for (const folder of (path ?? '').split(':').filter(isAbsolute)) {
    const program = join(folder, `docker-credential-${name}`);
    if (await isProgram(program)) return program;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs `<program> get`, without a shell, with the server on its standard input.
 * @returns `undefined` when the program knows no credentials for the server.
 * @throws {CredentialsInvalidError} when it fails.
 * @see https://github.com/docker/docker-credential-helpers/blob/v0.9.3/README.md#development
 */
export async function askCredentialHelper(
  program: string,
  server: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | undefined> {
  const { status, output } = await run(program, server, environment);
  const fail = (why: string) =>
    new CredentialsInvalidError(`${program} get ${server}: ${why}`, program, {
      hint: 'Log in again, or run the program by hand to see what is wrong.',
    });
  if (status !== 0) {
    if (/credentials not found|no credentials server url|not logged in/i.test(output)) return undefined;
    throw fail(`it failed with status ${status}: ${printable(output)}`);
  }
  const answer = asObject(
    parseJson(output, 'its answer', () => fail('its answer is not JSON')),
    'its answer',
    fail,
  );
  const username = asString(answer['Username'], 'Username', fail);
  const secret = asString(answer['Secret'], 'Secret', fail);
  if (username === '' && secret === '') return undefined;
  if (username === '<token>') return { type: 'identity-token', token: secret, origin: program };
  return { type: 'password', username, password: secret, origin: program };
}

function run(
  program: string,
  input: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ status: number | string; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], env: environment, timeout: TIMEOUT_MS });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.on('error', (cause) =>
      reject(new CredentialsInvalidError(`${program} could not be run: ${cause.message}`, program, { cause })),
    );
    child.on('close', (code, signal) =>
      resolve({ status: code ?? signal ?? 'unknown', output: Buffer.concat(chunks).toString('utf8') }),
    );
    child.stdin.on('error', () => undefined); // the program may answer without reading
    child.stdin.end(`${input}\n`);
  });
}

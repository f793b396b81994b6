import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { BuildContext } from '@shale/builder';
import { hintOf, parseReference, redactUrl, ShaleError } from '@shale/core';
import {
  buildPlatforms,
  devcontainerImages,
  dockerfileImages,
  parseImageList,
  parsePlatforms,
  repositoryImages,
  type WarmTarget,
} from '@shale/warmer';
import { gitEnvironment, proxyOf, urlFetcher } from '@shale/wiring';
import type { warmOptions } from '../options/warm.ts';
import type { Invocation } from '../spec/command-spec.ts';
import { REMEDIES } from '../errors/error-reference.ts';
import { UsageError } from '../errors/usage-error.ts';

type WarmInvocation = Invocation<typeof warmOptions>;

/** Reads all images that the command line names, directly or through files. @throws {UsageError} for a file that cannot be read */
export async function warmTargets(invocation: WarmInvocation): Promise<readonly WarmTarget[]> {
  const { options, cwd, stdin } = invocation;
  const platforms = parsePlatforms([...options.platform, ...options.customPlatform]);
  const targets: WarmTarget[] = options.image.map((image) => ({ reference: parseReference(image), platforms }));
  for (const file of options.list) {
    targets.push(...parseImageList(file === '-' ? await text(stdin()) : await readNamed(file, cwd), platforms));
  }
  for (const file of options.dockerfile) {
    const content = isUrl(file) ? await fetchNamed(file, invocation) : await readNamed(file, cwd);
    for (const platform of buildPlatforms(platforms)) {
      const read = async () => dockerfileImages(content, { file, buildArgs: options.buildArg, platform });
      targets.push(...(await withFileName(file, read, content)));
    }
  }
  for (const file of options.devcontainer) {
    for (const platform of buildPlatforms(platforms)) {
      const read = () => devcontainerImages(resolve(cwd, file), { buildArgs: options.buildArg, platform });
      targets.push(...(await withFileName(file, read)));
    }
  }
  for (const url of options.git) {
    await using checkout = await openGitSource(url, invocation);
    for (const platform of buildPlatforms(platforms)) {
      const read = () => repositoryImages(checkout.root, { buildArgs: options.buildArg, platform });
      targets.push(...(await withFileName(redactUrl(url), read)));
    }
  }
  return targets;
}

/** Adds the name of the file to its errors, and the line where it is known. */
async function withFileName<T>(file: string, read: () => Promise<T>, text?: string): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { locateDockerfileError } = await import('@shale/builder');
    const located = text === undefined ? error : locateDockerfileError(error, { name: file, text });
    if (located !== error || !(error instanceof Error)) throw located;
    if (error.message.includes(file)) throw error;
    const hint = error instanceof ShaleError ? hintOf(error, REMEDIES) : undefined;
    throw new UsageError(`${file}: ${error.message}`, { cause: error, hint });
  }
}

async function openGitSource(url: string, { env, signal }: WarmInvocation): Promise<BuildContext> {
  const { openGitContext } = await import('@shale/builder');
  return openGitContext(url, { environment: gitEnvironment(env), signal });
}

const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;

function isUrl(file: string): boolean {
  return /^https?:\/\//.test(file);
}

/** kaniko's warmer also accepts URLs. */
async function fetchNamed(url: string, { env, signal }: WarmInvocation): Promise<string> {
  const { status, body } = await urlFetcher({ proxy: proxyOf(env) })(url, { signal });
  if (status !== 200) throw new UsageError(`${redactUrl(url)} answered ${status}`, { hint: 'Check the address.' });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOCKERFILE_BYTES)
      throw new UsageError(`${redactUrl(url)} is larger than ${MAX_DOCKERFILE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readNamed(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    throw new UsageError(`Cannot read ${file}`, { cause, hint: 'Check the path.' });
  }
}

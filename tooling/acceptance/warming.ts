import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform, type Image, parseReference, sha256 } from '@shale/core';
import { createRegistryClient } from '@shale/registry';
import { makeImage, type LayerFiles } from '@shale/testing';
import { blobsOf, WarmedDirectory } from '@shale/warmer';
import { type CommandResult } from '../src/command.ts';
import { runShale, shaleProgram } from '../src/shale.ts';

/** Pushes an image of random layers, of this machine's platform. */
export async function pushImage(
  name: string,
  layers: readonly number[],
  more: readonly LayerFiles[] = [],
): Promise<Image> {
  await using client = createRegistryClient();
  const reference = parseReference(name);
  const files = layers.map((bytes, index) => ({ [`layer-${index}`]: randomBytes(bytes) }));
  const options = { ...hostPlatform(), layers: [...files, ...more], tag: reference.tag, compression: 'none' } as const;
  return makeImage(client.repository(reference), options);
}

export function shaleWarm(
  directory: string,
  images: readonly string[],
  ...flags: readonly string[]
): Promise<CommandResult> {
  return runShale(['warm', '--cache-dir', directory, ...images.flatMap((image) => ['--image', image]), ...flags]);
}

export function startWarm(directory: string, images: readonly string[], ...flags: readonly string[]): ChildProcess {
  const args = ['warm', '--cache-dir', directory, ...images.flatMap((image) => ['--image', image]), ...flags];
  return spawn(shaleProgram, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
}

/** The whole process group: the launcher, and what it started. */
export async function killHard(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.exitCode !== null || child.pid === undefined) return;
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

/** Writes a context whose Dockerfile copies from `image`, so that every layer is read. */
export async function writeContext(directory: string, dockerfile: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  return directory;
}

/** Reads every blob of every visible image. @returns those that are not what their digest says */
export async function damagedBlobs(directory: string): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const [digest, { path, offset, blob }] of await blobsOf(new WarmedDirectory(directory))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of createReadStream(path, { start: offset, end: offset + blob.size - 1 }))
      chunks.push(chunk);
    if (sha256(Buffer.concat(chunks)) !== digest) damaged.push(digest);
  }
  return damaged;
}

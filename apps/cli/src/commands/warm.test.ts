import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseReference, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry, type TestRegistry } from '@shale/testing';
import { blobsOf, WarmedDirectory } from '@shale/warmer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../main.ts');
const CRASHES = Number(process.env['SHALE_WARM_CRASHES'] ?? 6);

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

function start(...args: readonly string[]): ChildProcess {
  const flags = ['--conditions=@shale/source', '--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, MAIN, 'warm', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function shaleWarm(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(...args);
  if (child.stdout === null || child.stderr === null) throw new Error('unreachable');
  const [[code], stdout, stderr] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

async function push(name: string, sizeBytes = 1000): Promise<string> {
  const reference = parseReference(`${registry.host}/${name}`);
  await using client = createRegistryClient();
  const layers = [{ 'a.bin': randomBytes(sizeBytes) }, { 'b.bin': randomBytes(sizeBytes) }];
  await makeImage(client.repository(reference), { layers, tag: reference.tag, compression: 'none' });
  return `${registry.host}/${name}`;
}

/** Reads every blob of every visible image. */
async function damagedBlobs(directory: string): Promise<readonly string[]> {
  const blobs = await blobsOf(new WarmedDirectory(directory));
  const damaged: string[] = [];
  for (const [digest, { path, offset, blob }] of blobs) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of createReadStream(path, { start: offset, end: offset + blob.size - 1 }))
      chunks.push(chunk);
    if (sha256(Buffer.concat(chunks)) !== digest) damaged.push(digest);
  }
  return damaged;
}

describe('shale warm', () => {
  it('tells what it did, and fails when something did', async () => {
    await using scratch = await openScratchDirectory();
    const image = await push('cli:v1');
    const platform = ['--platform', 'linux/amd64'];
    const first = await shaleWarm('-c', scratch.path, '-i', image, ...platform, '--json');
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({
      images: [{ reference: image, platform: 'linux/amd64', status: 'warmed' }],
    });
    const absent = `${registry.host}/absent:v1`;
    const second = await shaleWarm('--cache-dir', scratch.path, '--image', image, '--image', absent, ...platform);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`unchanged  ${image} linux/amd64`);
    expect(second.stderr).toContain('1 of 2 images could not be warmed');
    expect(await shaleWarm('-c', scratch.path)).toMatchObject({ code: 2 });
  });

  it('leaves nothing corrupt when killed, and the next run ends well', async () => {
    await using scratch = await openScratchDirectory();
    const image = await push('killed:v1', 8_000_000);
    const args = ['-c', scratch.path, '-i', image, '--platform', 'linux/amd64', '--force'];
    for (let crash = 0; crash < CRASHES; crash++) {
      const child = start(...args);
      const exited = once(child, 'exit');
      await sleep(200 + Math.random() * 400);
      child.kill('SIGKILL');
      await exited;
      expect(await damagedBlobs(scratch.path)).toEqual([]);
    }
    expect(await shaleWarm(...args)).toMatchObject({ code: 0 });
    const own = join(scratch.path, '.shale/v1');
    expect([...(await readdir(join(own, 'leases'))), ...(await readdir(join(own, 'partial')))]).toEqual([]);
    expect(await damagedBlobs(scratch.path)).toEqual([]);
  }, 300_000);

  it('shares the work among processes', async () => {
    await using scratch = await openScratchDirectory();
    const images = await Promise.all(['many:a', 'many:b'].map((name) => push(name, 1_000_000)));
    const args = ['-c', scratch.path, ...images.flatMap((image) => ['-i', image]), '--platform', 'linux/amd64'];
    await registry.flushed();
    registry.clearRequests();
    const runs = await Promise.all([1, 2, 3, 4].map(() => shaleWarm(...args)));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    await registry.flushed();
    const blobs = registry.requests().filter(({ path }) => path.includes('/blobs/'));
    expect(blobs).toHaveLength(6);
    expect(await damagedBlobs(scratch.path)).toEqual([]);
  }, 60_000);
});

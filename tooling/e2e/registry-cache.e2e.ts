import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { helloExample } from './example.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
let registry: TestRegistry;
beforeAll(async () => {
  bench = await openWorkbench();
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const blobDownloads = () =>
  registry.requests().filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));

it('a teammate with empty state runs nothing, downloads no layer and gets the same digest', async () => {
  const flags = ['--cache-repo', `${registry.host}/cache`, '--tag', `${registry.host}/app:v1`, '--push'];
  const first = await bench.requireBuild({ context: helloExample, flags });
  expect(first.ran.length).toBeGreaterThan(0);

  await rm(join(bench.scratch, 'state'), { recursive: true, force: true });
  await registry.flushed();
  registry.clearRequests();
  const second = await bench.requireBuild({ context: helloExample, flags });
  await registry.flushed();

  expect(second.ran).toEqual([]);
  expect(second.digest).toBe(first.digest);
  const layers = await layersOf(`${registry.host}/app:v1`);
  const downloaded = blobDownloads().map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  expect(downloaded.filter((digest) => layers.includes(digest))).toEqual([]);
});

it('keeps each entry as an image of one layer, tagged with its key', async () => {
  const list = ['skopeo', 'list-tags', '--tls-verify=false', `docker://${registry.host}/cache`];
  const { Tags } = JSON.parse(await requireCommand(list)) as { Tags: string[] };
  expect(Tags.length).toBeGreaterThan(0);
  for (const tag of Tags) expect(await layersOf(`${registry.host}/cache:${tag}`)).toHaveLength(1);
});

async function layersOf(reference: string): Promise<string[]> {
  const text = await requireCommand(['skopeo', 'inspect', '--tls-verify=false', `docker://${reference}`]);
  return (JSON.parse(text) as { Layers: string[] }).Layers;
}

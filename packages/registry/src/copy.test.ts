import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, type Image, loadImage, parseReference, type ProgressEvent } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { faultProxy, makeImage, makeIndex, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { copyImage } from './copy.ts';
import { openLayout } from './layout.ts';
import { createRegistryClient } from './registry-client.ts';
import { registrySource } from './registry-source.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const layers = [{ a: 'a' }, { b: 'b' }, { a: 'a' }];

async function openBench() {
  const scratch = await openScratchDirectory();
  await mkdir(join(scratch.path, 'store'));
  const registry = await startRegistry();
  const client = createRegistryClient({ retry: { baseDelayMs: 10 } });
  return {
    layout: openLayout(join(scratch.path, 'store')),
    registry,
    client,
    repository: (name: string) => client.repository(parseReference(`${registry.host}/${name}`)),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

const puts = (requests: readonly { method: string; path: string }[], pattern: RegExp) =>
  requests.filter(({ method, path }) => method === 'PUT' && pattern.test(path));

describe('copyImage()', () => {
  it('sends each blob once, and tags last', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent) => events.push(event);
    const pushed = await copyImage(image, bench.repository('app'), { tags: ['v1', 'v2'], onProgress });
    expect(pushed.digest).toBe(image.manifest.digest);
    await bench.registry.flushed();
    const requests = bench.registry.requests();
    expect(puts(requests, /blobs/)).toHaveLength(3); // two layers and the config
    expect(requests.slice(-2).map(({ path }) => path)).toEqual(['/v2/app/manifests/v1', '/v2/app/manifests/v2']);
    const done = events.filter((event) => event.type === 'transfer' && event.done);
    expect(done).toHaveLength(3);
    const found = await loadImage(bench.repository('app'), 'v2', { platform, origin: image.origin });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
  });

  it('sends nothing again that is there', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    await copyImage(image, bench.repository('app'), { tags: ['v1'] });
    bench.registry.clearRequests();
    await copyImage(image, bench.repository('app'), { tags: ['v1'] });
    await bench.registry.flushed();
    expect(puts(bench.registry.requests(), /blobs/)).toEqual([]);
    expect(bench.registry.requests().filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('asks for no blob where the registry has the very manifest', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    await copyImage(image, bench.repository('app'), { tags: ['v1'] });
    bench.registry.clearRequests();
    await copyImage(image, bench.repository('app'), { tags: ['v2'] });
    await bench.registry.flushed();
    expect(bench.registry.requests().map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([
      ['HEAD', image.manifest.digest],
      ['PUT', 'v2'],
    ]);
  });

  it('sends everything again where the registry refuses to name a manifest that it has', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    await copyImage(image, bench.repository('app'), { tags: ['v1'] });
    const refusal = { status: 400, body: JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] }) };
    await using proxy = await faultProxy(bench.registry.url, [
      { method: 'PUT', path: /manifests/, nth: 1, fault: { respond: refusal } },
    ]);
    const repository = bench.client.repository(parseReference(`${proxy.host}/app`));
    await copyImage(image, repository, { tags: ['v2'] });
    expect(proxy.requests.filter(({ method, path }) => method === 'HEAD' && path.includes('/blobs/'))).toHaveLength(3);
    expect((await repository.headManifest('v2'))?.digest).toBe(image.manifest.digest);
  });

  it('asks for no layer that the repository is known to hold, and sends it when that is wrong', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.repository('app'), { layers: [{ a: 'a' }] });
    const other = await makeImage(bench.layout, { layers: [{ a: 'a' }, { b: 'b' }] });
    const [first, second] = other.layers.map(({ descriptor }) => descriptor.digest);
    expect(first).toBe(image.layers[0]?.descriptor.digest);
    const { name } = bench.repository('app');
    bench.registry.clearRequests();
    await copyImage({ ...other, homes: new Map([[first as Digest, name]]) }, bench.repository('app'), { tags: ['v1'] });
    await bench.registry.flushed();
    expect(bench.registry.requests().filter(({ path }) => path.includes(first as string))).toEqual([]);
    const wrong = new Map([first, second].map((digest) => [digest as Digest, `${bench.registry.host}/empty`]));
    await copyImage({ ...other, homes: wrong }, bench.repository('empty'), { tags: ['v1'] });
    expect((await bench.repository('empty').headManifest('v1'))?.digest).toBe(other.manifest.digest);
    expect(await bench.repository('empty').stat(second as Digest)).toBeGreaterThan(0);
  });

  it('mounts blobs within a registry instead of sending them', async () => {
    await using bench = await openBench();
    await makeImage(bench.repository('base'), { layers, tag: 'v1' });
    const source = registrySource(bench.client);
    const image = await source.resolve(parseReference(`${bench.registry.host}/base:v1`), { platform });
    bench.registry.clearRequests();
    await copyImage(image as Image, bench.repository('team/app'), { tags: ['v1'] });
    await bench.registry.flushed();
    const requests = bench.registry.requests();
    const posts = requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(3);
    expect(
      posts.every(({ path, status }) => path.includes('mount=') && path.includes('from=base') && status === 201),
    ).toBe(true);
    expect(puts(requests, /blobs/)).toEqual([]);
    expect(requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))).toEqual([]);
  });

  it('copies an index with its images, children first', async () => {
    await using bench = await openBench();
    const images = [
      await makeImage(bench.layout, { layers, tag: 'a' }),
      await makeImage(bench.layout, { layers, architecture: 'arm64', tag: 'b' }),
    ];
    const { digest } = await makeIndex(bench.layout, images, 'multi');
    const index = await bench.layout.getManifest(digest);
    if (index === undefined) throw new Error('unreachable');
    const pushed = await copyImage({ index, images }, bench.repository('app'), { tags: ['multi'] });
    expect(pushed.digest).toBe(digest);
    await bench.registry.flushed();
    expect(puts(bench.registry.requests(), /manifests/).map(({ path }) => path.split('/').at(-1))).toEqual([
      ...images.map(({ manifest }) => manifest.digest),
      'multi',
    ]);
  });

  it('copies from a registry into a layout', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.repository('app'), { layers });
    await copyImage(image, bench.layout, { tags: ['here'] });
    const found = await loadImage(bench.layout, 'here', { platform, origin: image.origin });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
  });

  it('stops the other transfers at the first failure', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    const failing = { ...image, blobs: openLayout('/nowhere') };
    await expect(copyImage(failing, bench.repository('app'))).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('stops when it is told to', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.layout, { layers });
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(copyImage(image, bench.repository('app'), { signal })).rejects.toBe(reason);
  });

  it('asks the next mirror when one served wrong bytes, and blames the first', async () => {
    await using bench = await openBench();
    const host = bench.registry.host;
    await makeImage(bench.repository('app'), { layers, tag: 'v1' });
    await using bad = await faultProxy(bench.registry.url, [
      { path: /blobs/, nth: [2, 3, 4], fault: { flipBitAt: 20 } },
    ]);
    const warnings: string[] = [];
    await using client = createRegistryClient({
      mirrors: { 'registry.invalid': [`http://${bad.host}`, `http://${host}`] },
      mirrorFallback: false,
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    const image = await registrySource(client).resolve(parseReference('registry.invalid/app:v1'), { platform });
    await copyImage(image as Image, bench.layout, { tags: ['here'] });
    expect(warnings.some((warning) => warning.startsWith(`${bad.host} served wrong content`))).toBe(true);
    expect((await bench.layout.headManifest('here'))?.digest).toBe(image?.manifest.digest);
  });
});

describe('mountFrom', () => {
  it('tries each repository, and leaves no session behind', async () => {
    await using bench = await openBench();
    const image = await makeImage(bench.repository('cache/one'), { layers });
    bench.registry.clearRequests();
    await copyImage(image, bench.repository('app'), { tags: ['v1'], mountFrom: ['not/here', 'cache/one'] });
    await bench.registry.flushed();
    const requests = bench.registry.requests();
    const count = (wanted: string, status: number) =>
      requests.filter(
        ({ method, path, status: got }) => method === wanted && path.includes('/blobs/') && got === status,
      ).length;
    expect([count('POST', 202), count('DELETE', 204), count('POST', 201), count('PUT', 201)]).toEqual([3, 3, 3, 0]);
  });
});

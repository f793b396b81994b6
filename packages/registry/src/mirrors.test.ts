import { randomBytes } from 'node:crypto';
import { type Image, parseReference, type ProgressEvent, readBytes, streamOf } from '@shale/core';
import { faultProxy, makeImage, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClientOptions } from './registry-client.ts';
import { registrySource } from './registry-source.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const layers = [{ a: 'x'.repeat(300_000) }];

async function openBench() {
  const registry = await startRegistry();
  const mirror = await startRegistry();
  const client = createRegistryClient();
  const put = (host: string, name: string, text: string) =>
    makeImage(client.repository(parseReference(`${host}/${name}`)), { layers: [...layers, { text }], tag: 'v1' });
  return {
    registry,
    mirror,
    put,
    async resolve(mirrors: readonly string[], options: RegistryClientOptions = {}): Promise<Image | undefined> {
      const own = createRegistryClient({
        mirrors: { [registry.host]: mirrors },
        retry: { baseDelayMs: 5 },
        ...options,
      });
      return registrySource(own).resolve(parseReference(`${registry.host}/team/app:v1`), { platform });
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

describe('mirrors', () => {
  it('are asked first, and told for which registry', async () => {
    await using bench = await openBench();
    const image = await bench.put(bench.mirror.host, 'team/app', 'mirror');
    await bench.put(bench.registry.host, 'team/app', 'registry');
    bench.mirror.clearRequests();
    const found = await bench.resolve([bench.mirror.host]);
    expect(found?.manifest.digest).toBe(image.manifest.digest);
    await bench.mirror.flushed();
    const namespace = `ns=${encodeURIComponent(bench.registry.host)}`;
    const asked = bench.mirror.requests().filter(({ path }) => path !== '/v2/');
    expect(asked.every(({ path }) => path.includes(namespace))).toBe(true);
  });

  it('may lie below a path', async () => {
    await using bench = await openBench();
    const image = await bench.put(bench.mirror.host, 'hub/team/app', 'mirror');
    const found = await bench.resolve([`http://${bench.mirror.host}/hub`], { mirrorFallback: false });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
    expect(await bench.resolve([`${bench.mirror.host}/other`], { mirrorFallback: false })).toBeUndefined();
  });

  it('are passed over when they do not have it', async () => {
    await using bench = await openBench();
    const image = await bench.put(bench.registry.host, 'team/app', 'registry');
    const found = await bench.resolve([bench.mirror.host]);
    expect(found?.manifest.digest).toBe(image.manifest.digest);
  });

  it.each([500, 503, 401, 403])('are passed over when they answer %d, and named in a warning', async (status) => {
    await using bench = await openBench();
    const image = await bench.put(bench.registry.host, 'team/app', 'registry');
    await using broken = await faultProxy(bench.mirror.url, [{ path: /app/, fault: { respond: { status } } }]);
    const events: ProgressEvent[] = [];
    const found = await bench.resolve([broken.host], { onProgress: (event) => events.push(event) });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
    expect(events).toContainEqual({
      type: 'warning',
      code: 'mirror-passed-over',
      message: expect.stringContaining(`Mirror ${broken.host} was passed over`),
    });
  });

  it('that do not answer are not asked again for a while', async () => {
    await using bench = await openBench();
    await bench.put(bench.registry.host, 'team/app', 'registry');
    const warnings: ProgressEvent[] = [];
    const image = await bench.resolve(['127.0.0.1:1'], {
      onProgress: (event) => event.type === 'warning' && warnings.push(event),
    });
    for (const { descriptor } of image?.layers ?? []) await readBytes(image?.blobs.read(descriptor) ?? streamOf());
    expect(warnings).toHaveLength(1);
  });

  it('that break off in the middle are continued by the registry', async () => {
    await using bench = await openBench();
    const random = await makeImageOfRandomBytes(bench);
    await using broken = await faultProxy(bench.mirror.url, [{ path: /blobs/, fault: { resetAfterBytes: 400_000 } }]);
    const image = await bench.resolve([broken.host]);
    const layer = image?.layers[0]?.descriptor;
    expect(layer?.digest).toBe(random);
    bench.registry.clearRequests();
    await readBytes(layer ? (image?.blobs.read(layer) ?? streamOf()) : streamOf());
    expect(broken.requests.filter(({ path }) => path.includes('/blobs/')).length).toBeGreaterThan(1);
  });

  it('are never written to', async () => {
    await using bench = await openBench();
    await using client = createRegistryClient({ mirrors: { [bench.registry.host]: [bench.mirror.host] } });
    await makeImage(client.repository(parseReference(`${bench.registry.host}/team/app`)), { layers, tag: 'v1' });
    await bench.mirror.flushed();
    expect(bench.mirror.requests().every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
    await bench.registry.flushed();
    expect(bench.registry.requests().some(({ method, path }) => method === 'PUT' && path.includes('manifests'))).toBe(
      true,
    );
  });
});

async function makeImageOfRandomBytes(bench: Awaited<ReturnType<typeof openBench>>): Promise<string | undefined> {
  const bytes = randomBytes(1_000_000);
  await using client = createRegistryClient();
  const images = await Promise.all(
    [bench.registry, bench.mirror].map(({ host }) =>
      makeImage(client.repository(parseReference(`${host}/team/app`)), { layers: [{ bytes }], tag: 'v1' }),
    ),
  );
  return images[0]?.layers[0]?.descriptor.digest;
}

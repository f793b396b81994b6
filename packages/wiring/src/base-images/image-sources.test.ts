import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { blobDirectory, type Digest, hostPlatform, type ImageSource, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { faultProxy, makeImage, startRegistry } from '@shale/testing';
import { warm } from '@shale/warmer';
import { expect, it } from 'vitest';
import { type BaseImagePolicy, imageSources } from './image-sources.ts';

const platform = hostPlatform();
const DAY_MS = 86_400_000;

async function openPlace() {
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(await openScratchDirectory());
  const registry = cleanup.use(await startRegistry());
  const proxy = cleanup.use(await faultProxy(registry.url));
  const client = cleanup.use(createRegistryClient({ retry: { tries: 1 } }));
  const reference = parseReference(`${proxy.host}/base:v1`);
  const images = join(scratch.path, 'images');
  let seen = 0;
  const resources = cleanup.move();
  return {
    proxy,
    reference,
    asked: () => proxy.requests.slice(seen).map(({ method, path }) => `${method} ${path}`),
    forget: () => void (seen = proxy.requests.length),
    push: async (text: string) =>
      (await makeImage(client.repository(reference), { ...platform, layers: [{ text }], tag: 'v1' })).manifest.digest,
    async warmed(ageMs = 0) {
      const results = await warm([{ reference, platforms: [platform] }], {
        directory: images,
        open: (each) => client.repository(each),
      });
      const at = new Date(Date.now() - ageMs);
      const tags = join(images, '.shale/v1/tags');
      for (const file of await readdir(tags, { recursive: true })) await utimes(join(tags, file), at, at);
      seen = proxy.requests.length;
      return results[0]?.digest;
    },
    async resolve(policy: BaseImagePolicy): Promise<Digest | undefined> {
      const stateDir = join(scratch.path, crypto.randomUUID());
      const wiring = { client, store: blobDirectory(stateDir), stateDir, onProgress: () => undefined };
      const sources = imageSources({ directory: images, maxAgeMs: DAY_MS, policy }, wiring);
      return (await firstOf(sources, reference))?.manifest.digest;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function firstOf(sources: readonly ImageSource[], reference: ReturnType<typeof parseReference>) {
  for (const source of sources) {
    const image = await source.resolve(reference, { platform });
    if (image !== undefined) return image;
  }
  return undefined;
}

it('asks about a warmed tag as the policy says', async () => {
  await using place = await openPlace();
  await place.push('old');
  const old = await place.warmed();
  const moved = await place.push('new');
  place.forget();
  expect(await place.resolve('missing')).toBe(old);
  expect(await place.resolve('never')).toBe(old);
  expect(await place.resolve('stale-if-error')).toBe(old);
  expect(place.asked()).toEqual([]);
  expect(await place.resolve('always')).toBe(moved);
  await place.warmed(2 * DAY_MS);
  expect(await place.resolve('missing')).toBe(moved);
  expect(place.asked()).toEqual([]);
  const latest = await place.push('newest');
  expect(await place.resolve('stale-if-error')).toBe(latest);
});

it('takes what was warmed while the registry is down, unless it must always be asked', async () => {
  await using place = await openPlace();
  const digest = await place.push('only');
  await place.warmed(2 * DAY_MS);
  place.proxy.rules.push({ fault: { respond: { status: 503 } } });
  expect(await place.resolve('stale-if-error')).toBe(digest);
  await expect(place.resolve('always')).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
});

it('never asks for what is missing when told so', async () => {
  await using place = await openPlace();
  await place.push('unwarmed');
  place.forget();
  expect(await place.resolve('never')).toBeUndefined();
  expect(place.asked()).toEqual([]);
  expect(await place.resolve('missing')).toBeDefined();
});

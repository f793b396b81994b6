import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '@shale/builder';
import { parseReference, type ProgressEvent } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { parseCacheRepository } from './caches/cache-location.ts';
import { openBuilder } from './open-builder.ts';
import { openSources } from './sources/open-sources.ts';

async function openPlace() {
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(await openScratchDirectory());
  const registry = cleanup.use(await startRegistry());
  await using client = createRegistryClient();
  const base = `${registry.host}/base:1`;
  await makeImage(client.repository(parseReference(base)), { layers: [{ 'etc/base': 'base' }], tag: '1' });
  writeFileSync(join(scratch.path, 'Dockerfile'), `FROM ${base}\nCOPY Dockerfile /copied\n`);
  const repository = parseCacheRepository(`${registry.host}/cache`);
  const events: ProgressEvent[] = [];
  /** On a machine of its own. */
  const buildOn = async (machine: string, { offline = false } = {}) => {
    await using builder = openBuilder({
      stateDir: join(scratch.path, machine),
      env: {},
      cache: { tiers: [{ location: { kind: 'registry', repository } }] },
      offline,
      onProgress: (event) => events.push(event),
    });
    await using sources = await openSources({ context: { kind: 'directory', path: scratch.path } });
    const { dockerfile, context } = sources;
    const result = await build({ ...builder.options, dockerfile, context });
    await builder.settle();
    return result;
  };
  const moved = cleanup.move();
  return { registry, events, buildOn, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

it('openBuilder() builds with base images and a cache from a registry, and needs no isolation for hits', async () => {
  await using place = await openPlace();
  const first = await place.buildOn('first');
  expect(first.steps.map(({ outcome }) => outcome)).toEqual(['ran']);
  expect(place.events).toContainEqual(expect.objectContaining({ type: 'isolation.chosen' }));
  place.events.length = 0;
  const second = await place.buildOn('second');
  expect(second.steps).toMatchObject([{ outcome: 'cached', origin: 'registry' }]);
  expect(second.image.manifest.digest).toBe(first.image.manifest.digest);
  expect(place.events.some(({ type }) => type === 'isolation.chosen')).toBe(false);
});

it('openBuilder() makes no network call when offline', async () => {
  await using place = await openPlace();
  await place.buildOn('first');
  await place.registry.flushed();
  place.registry.clearRequests();
  const again = await place.buildOn('first', { offline: true });
  expect(again.steps.map(({ outcome }) => outcome)).toEqual(['ran']);
  await expect(place.buildOn('second', { offline: true })).rejects.toMatchObject({ code: 'BASE_IMAGE_MISSING' });
  await place.registry.flushed();
  expect(place.registry.requests()).toEqual([]);
});

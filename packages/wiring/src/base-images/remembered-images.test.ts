import { join } from 'node:path';
import { blobDirectory, hostPlatform, parseReference, type ProgressEvent, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { rememberedImages } from './remembered-images.ts';

async function openPlace() {
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(await openScratchDirectory());
  const registry = cleanup.use(await startRegistry());
  const client = cleanup.use(createRegistryClient({ retry: { tries: 1 } }));
  const events: ProgressEvent[] = [];
  const store = blobDirectory(scratch.path);
  const source = (offline = false) =>
    rememberedImages({
      client,
      store,
      directory: join(scratch.path, 'images'),
      offline,
      onProgress: (event) => events.push(event),
    });
  const reference = parseReference(`${registry.host}/team/base:v1`);
  const push = (text: string) => makeImage(client.repository(reference), { layers: [{ file: text }], tag: 'v1' });
  const resources = cleanup.move();
  return { registry, events, store, source, reference, push, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const platform = hostPlatform();

describe('rememberedImages()', () => {
  it('asks with one HEAD for a tag that did not move, and notices one that did', async () => {
    await using place = await openPlace();
    const first = await place.push('one');
    expect((await place.source().resolve(place.reference, { platform }))?.manifest.digest).toBe(first.manifest.digest);
    await place.registry.flushed();
    place.registry.clearRequests();
    const again = await place.source().resolve(place.reference, { platform });
    await place.registry.flushed();
    expect(again?.configBytes).toEqual(first.configBytes);
    expect(place.registry.requests().map(({ method, path }) => `${method} ${path}`)).toEqual([
      'HEAD /v2/team/base/manifests/v1',
    ]);
    const second = await place.push('two');
    expect((await place.source().resolve(place.reference, { platform }))?.manifest.digest).toBe(second.manifest.digest);
  });

  it('asks nothing for a digest that was seen', async () => {
    await using place = await openPlace();
    const { manifest } = await place.push('one');
    const pinned = { ...place.reference, tag: undefined, digest: manifest.digest };
    await place.source().resolve(pinned, { platform });
    await place.registry.flushed();
    place.registry.clearRequests();
    expect((await place.source().resolve(pinned, { platform }))?.manifest.digest).toBe(manifest.digest);
    await place.registry.flushed();
    expect(place.registry.requests()).toEqual([]);
  });

  it('keeps layers that were read, and reads them here the next time', async () => {
    await using place = await openPlace();
    await place.push('one');
    const image = await place.source().resolve(place.reference, { platform });
    const layer = image?.layers[0]?.descriptor;
    if (image === undefined || layer === undefined) throw new Error('no layer');
    const bytes = await readBytes(image.blobs.read(layer));
    expect(await place.store.stat(layer.digest)).toBe(layer.size);
    place.registry.clearRequests();
    expect(await readBytes(image.blobs.read(layer))).toEqual(bytes);
    await place.registry.flushed();
    expect(place.registry.requests()).toEqual([]);
  });

  it('uses the last known image when its registry is down, and warns', async () => {
    await using place = await openPlace();
    const { manifest } = await place.push('one');
    await place.source().resolve(place.reference, { platform });
    await place.registry[Symbol.asyncDispose]();
    const image = await place.source().resolve(place.reference, { platform });
    expect(image?.manifest.digest).toBe(manifest.digest);
    expect(place.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'base-image-stale' }));
    const unseen = { ...place.reference, tag: 'v2' };
    await expect(place.source().resolve(unseen, { platform })).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  it('knows only what it has seen when it is offline', async () => {
    await using place = await openPlace();
    const { manifest } = await place.push('one');
    expect(await place.source(true).resolve(place.reference, { platform })).toBeUndefined();
    await place.source().resolve(place.reference, { platform });
    await place.registry.flushed();
    place.registry.clearRequests();
    expect((await place.source(true).resolve(place.reference, { platform }))?.manifest.digest).toBe(manifest.digest);
    await place.registry.flushed();
    expect(place.registry.requests()).toEqual([]);
  });
});

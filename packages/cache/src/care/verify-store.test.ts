import { blobDirectory, parseReference } from '@shale/core';
import { writeLayer } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { type Fault, faultProxy, startRegistry } from '@shale/testing';
import { madeKey } from '@shale/testing/cache-backend-contract';
import { expect, it } from 'vitest';
import { registryCache } from '../backends/registry-cache.ts';
import { verifyStore } from './verify-store.ts';

/** A registry with one entry, whose layer is answered for with this fault. */
async function openStoreWith(fault: Fault) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startRegistry());
  const proxy = stack.use(await faultProxy(registry.url));
  const client = stack.use(createRegistryClient({ retry: { tries: 1 } }));
  const scratch = stack.use(await openScratchDirectory());
  const store = client.repository(parseReference(`${proxy.host}/app/cache`));
  const blobs = blobDirectory(scratch.path);
  const layer = await writeLayer(blobs, () => {}, { compression: { algorithm: 'gzip' } });
  const record = { created: new Date(), history: {}, durationMs: 1, builder: 'test', inputs: [] };
  await registryCache(store).store(madeKey('a'), { layer, blobs, record });
  proxy.rules.push({ method: 'GET', path: new RegExp(`blobs/${layer.descriptor.digest}`), fault });
  const closing = stack.move();
  return { store, layer, [Symbol.asyncDispose]: () => closing.disposeAsync() };
}

it('verifyStore() reads layers when it is told to, and tells damaged ones', async () => {
  await using opened = await openStoreWith({ flipBitAt: 20 });
  expect(await verifyStore(opened.store)).toMatchObject({ entries: 1, layers: 1, checkedBytes: 0, broken: [] });
  const { broken, checkedBytes } = await verifyStore(opened.store, { download: true });
  expect(broken.map(({ problem }) => problem)).toEqual(['corrupt-layer']);
  expect(checkedBytes).toBe(opened.layer.descriptor.size);
});

it.each<Fault>([{ respond: { status: 503 } }, { resetAfterBytes: 10 }])(
  'verifyStore() calls no layer damaged that it could not read, %o',
  async (fault) => {
    await using opened = await openStoreWith(fault);
    await expect(verifyStore(opened.store, { download: true })).rejects.toMatchObject({
      code: expect.stringMatching(/^REGISTRY_/),
    });
  },
);

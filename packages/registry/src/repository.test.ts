import { parseReference } from '@shale/core';
import { imageStoreContract, startRegistry } from '@shale/testing';
import { createRegistryClient } from './registry-client.ts';

for (const chunkBytes of [undefined, 7]) {
  imageStoreContract(`a Repository (chunkBytes: ${chunkBytes})`, async () => {
    const registry = await startRegistry();
    const client = createRegistryClient({ retry: { baseDelayMs: 10 }, chunkBytes });
    return {
      store: client.repository(parseReference(`${registry.host}/app`)),
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await registry[Symbol.asyncDispose]();
      },
    };
  });
}

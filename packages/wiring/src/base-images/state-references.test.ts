import { join } from 'node:path';
import { blobDirectory, type Digest, hostPlatform, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient, openLayout } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { rememberedImages } from './remembered-images.ts';
import { stateReferences } from './state-references.ts';

async function referencesOf(stateDir: string): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for await (const digest of stateReferences(stateDir)) found.push(digest);
  return found;
}

it('stateReferences() names the blobs of named images and of base images that were seen', async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  await using client = createRegistryClient();
  const stateDir = scratch.path;
  expect(await referencesOf(stateDir)).toEqual([]);
  const named = await makeImage(openLayout(stateDir), { layers: [{ file: 'named' }], tag: 'app' });
  const reference = parseReference(`${registry.host}/team/base:v1`);
  const base = await makeImage(client.repository(reference), { layers: [{ file: 'base' }], tag: 'v1' });
  const directory = join(stateDir, 'images');
  const images = rememberedImages({ client, store: blobDirectory(stateDir), directory, onProgress: () => {} });
  await images.resolve(reference, { platform: hostPlatform() });
  const blobs = [named, base].flatMap(({ manifest, configDescriptor, layers }) => [
    manifest.digest,
    configDescriptor.digest,
    ...layers.map(({ descriptor }) => descriptor.digest),
  ]);
  expect((await referencesOf(stateDir)).toSorted()).toEqual(blobs.toSorted());
});

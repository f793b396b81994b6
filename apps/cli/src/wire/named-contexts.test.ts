import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hostPlatform, openScratchDirectory, parseReference } from '@shale/core';
import { openLayout } from '@shale/registry';
import { makeImage } from '@shale/testing';
import { expect, it } from 'vitest';
import { openNamedContexts } from './named-contexts.ts';

it('openNamedContexts() takes directories, images and layouts', async () => {
  await using scratch = await openScratchDirectory();
  mkdirSync(join(scratch.path, 'docs'));
  const { manifest } = await makeImage(openLayout(join(scratch.path, 'layout')), { layers: [{ a: 'b' }], tag: 'v1' });
  const places = { docs: 'docs', base: 'docker-image://debian:12', mine: 'oci-layout://layout:v1' };
  const { contexts, images } = await openNamedContexts(places, {
    cwd: scratch.path,
    stateDir: join(scratch.path, 'state'),
    environment: {},
  });
  expect(contexts.get('docs')).toMatchObject({ type: 'directory', context: { kind: 'directory' } });
  expect(contexts.get('base')).toEqual({ type: 'image', reference: 'docker.io/library/debian:12' });
  const mine = contexts.get('mine');
  if (mine?.type !== 'image') throw new Error('not an image');
  const image = await images?.resolve(parseReference(mine.reference), { platform: hostPlatform() });
  expect(image?.manifest.digest).toBe(manifest.digest);
  expect(await images?.resolve(parseReference('debian'), { platform: hostPlatform() })).toBeUndefined();
});

it('openNamedContexts() says what a place can be', async () => {
  const options = { cwd: '/none', stateDir: '/none/state', environment: {} };
  await expect(openNamedContexts({ docs: 'nowhere' }, options)).rejects.toThrow(
    '--build-context docs: /none/nowhere is not a directory',
  );
});

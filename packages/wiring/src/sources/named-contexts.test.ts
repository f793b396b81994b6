import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPlatform, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { makeImage } from '@shale/testing';
import { expect, it } from 'vitest';
import { openNamedContexts } from './named-contexts.ts';

it('openNamedContexts() opens directories, images and layouts', async () => {
  await using scratch = await openScratchDirectory();
  const [docs, layout] = ['docs', 'layout'].map((name) => join(scratch.path, name)) as [string, string];
  mkdirSync(docs);
  writeFileSync(join(docs, '.dockerignore'), 'secret\n');
  const { manifest } = await makeImage(openLayout(layout), { layers: [{ a: 'b' }], tag: 'v1' });
  await using named = await openNamedContexts(
    {
      docs: { kind: 'directory', path: docs },
      base: { kind: 'image', reference: parseReference('debian:12') },
      mine: { kind: 'layout', path: layout, target: 'v1' },
    },
    {},
  );
  const opened = named.contexts.get('docs');
  if (opened?.type !== 'directory') throw new Error('not a directory');
  expect(opened.context.files.ignores('secret')).toBe(true);
  expect(named.contexts.get('base')).toEqual({ type: 'image', reference: 'docker.io/library/debian:12' });
  const mine = named.contexts.get('mine');
  if (mine?.type !== 'image') throw new Error('not an image');
  const [images] = named.images;
  const image = await images?.resolve(parseReference(mine.reference), { platform: hostPlatform() });
  expect(image?.manifest.digest).toBe(manifest.digest);
  expect(await images?.resolve(parseReference('debian'), { platform: hostPlatform() })).toBeUndefined();
});

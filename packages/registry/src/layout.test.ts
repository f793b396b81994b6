import { execFile } from 'node:child_process';
import { lutimes, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestHex, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { imageStoreContract, makeImage, makeIndex } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { layoutSource, loadLayoutImage, openLayout } from './layout.ts';

const run = promisify(execFile);
const platform = { os: 'linux', architecture: 'amd64' };

imageStoreContract(
  'openLayout()',
  async () => {
    const scratch = await openScratchDirectory();
    return {
      store: openLayout(join(scratch.path, 'layout')),
      [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
    };
  },
  { sha512: false }, // blobDirectory() names what it writes by its sha256
);

describe('openLayout()', () => {
  it('makes a layout that skopeo and umoci read', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'layout');
    const { manifest } = await makeImage(openLayout(path), { layers: [{ motd: 'hello' }], tag: 'v1' });
    const { stdout } = await run('skopeo', ['inspect', `oci:${path}:v1`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: manifest.digest });
    await run('umoci', ['unpack', '--rootless', '--image', `${path}:v1`, join(scratch.path, 'bundle')]);
    expect(await readFile(join(scratch.path, 'bundle/rootfs/motd'), 'utf8')).toBe('hello');
  });

  it('lists an image of an index only once it has a tag of its own', async () => {
    await using scratch = await openScratchDirectory();
    const layout = openLayout(scratch.path);
    const image = await makeImage(layout, { layers: [{ a: 'a' }], tag: 'one' });
    await layout.putManifest(image.manifest.digest, image.manifest);
    const { digest } = await makeIndex(layout, [image], 'multi');
    const index = JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8'));
    expect(index.manifests.map((entry: { digest: string }) => entry.digest)).toEqual([image.manifest.digest, digest]);
  });

  it('keeps every tag of many writers, and leaves no lock behind', async () => {
    await using scratch = await openScratchDirectory();
    const { manifest } = await makeImage(openLayout(scratch.path), { layers: [{ a: 'a' }], tag: 'first' });
    const tags = Array.from({ length: 20 }, (_, index) => `t${index}`);
    await Promise.all(tags.map((tag) => openLayout(scratch.path).putManifest(tag, manifest)));
    const found: string[] = [];
    for await (const tag of openLayout(scratch.path).listTags()) found.push(tag);
    expect(found.sort()).toEqual(['first', ...tags].sort());
    expect((await readdir(scratch.path)).sort()).toEqual(['blobs', 'index.json', 'ingest', 'oci-layout']);
  });

  it.each([
    ['a link that leads nowhere', 1],
    ['a link from the year 2099', Date.parse('2099-01-01T00:00:00Z') / 1000],
  ])('does not wait for ever for a lock that is %s', async (_, seconds) => {
    await using scratch = await openScratchDirectory();
    await symlink('absent', join(scratch.path, '.index.lock'));
    await lutimes(join(scratch.path, '.index.lock'), seconds, seconds);
    await makeImage(openLayout(scratch.path), { layers: [{ a: 'a' }], tag: 'v1' });
    expect(await openLayout(scratch.path).headManifest('v1')).toBeDefined();
  });

  it('refuses links in place of its files', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'layout');
    const layout = openLayout(path);
    const image = await makeImage(layout, { layers: [{ a: 'a' }] });
    const secret = join(scratch.path, 'secret');
    await writeFile(secret, 'secret');
    const blob = { ...image.configDescriptor, digest: `sha256:${'0'.repeat(64)}` as const };
    await symlink(secret, join(path, 'blobs/sha256', digestHex(blob.digest)));
    await expect(layout.stat(blob.digest)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });

    const other = join(scratch.path, 'other');
    await openLayout(other).putManifest('a', image.manifest);
    await run('mv', [join(other, 'index.json'), join(scratch.path, 'elsewhere.json')]);
    await symlink(join(scratch.path, 'elsewhere.json'), join(other, 'index.json'));
    await expect(openLayout(other).getManifest('a')).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });

  it.each([
    ['oci-layout', '{"imageLayoutVersion":"2.0.0"}'],
    ['oci-layout', 'no json'],
    ['index.json', '{'],
    ['index.json', '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}'],
  ])('refuses a broken %s', async (name, text) => {
    await using scratch = await openScratchDirectory();
    await makeImage(openLayout(scratch.path), { layers: [{ a: 'a' }] });
    await writeFile(join(scratch.path, name), text);
    await expect(openLayout(scratch.path).getManifest('latest')).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });
});

describe('loadLayoutImage()', () => {
  it('takes the only image when none is named, and asks when there are several', async () => {
    await using scratch = await openScratchDirectory();
    const layout = openLayout(scratch.path);
    expect(await loadLayoutImage(scratch.path, undefined, { platform })).toBeUndefined();
    const image = await makeImage(layout, { layers: [{ a: 'a' }], tag: 'a' });
    expect((await loadLayoutImage(scratch.path, undefined, { platform }))?.manifest.digest).toBe(image.manifest.digest);
    await makeImage(layout, { layers: [{ b: 'b' }], tag: 'b' });
    await expect(loadLayoutImage(scratch.path, undefined, { platform })).rejects.toThrow(/several images: a, b/);
    expect((await loadLayoutImage(scratch.path, 'a', { platform }))?.manifest.digest).toBe(image.manifest.digest);
  });
});

describe('layoutSource()', () => {
  it('finds an image by its full name or digest, not by a tag alone', async () => {
    await using scratch = await openScratchDirectory();
    const image = await makeImage(openLayout(scratch.path), { layers: [{ a: 'a' }], tag: 'docker.io/library/app:v1' });
    const source = layoutSource(scratch.path);
    const find = async (name: string) => (await source.resolve(parseReference(name), { platform }))?.manifest.digest;
    expect(await find('app:v1')).toBe(image.manifest.digest);
    expect(await find(`any@${image.manifest.digest}`)).toBe(image.manifest.digest);
    expect(await find('other:v1')).toBeUndefined();
  });
});

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, parseReference, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeArchive, makeImage, publishFeature, startRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackFeature } from './feature-archive.ts';
import type { FeatureSource } from './feature-source.ts';
import { lockFeatures } from './lockfile.ts';
import { type ResolveFeaturesOptions, resolveFeatures } from './resolve-features.ts';

const registry = await startRegistry();
const client = createRegistryClient({ retry: { tries: 1 } });
const scratch = await openScratchDirectory();
const downloads = new Map<string, Uint8Array>();
afterAll(async () => {
  for (const opened of [client, registry, scratch]) await opened[Symbol.asyncDispose]();
});

const source: FeatureSource = {
  repository: (reference) => client.repository(reference),
  async *download(url) {
    const bytes = downloads.get(url);
    if (bytes === undefined) throw new Error(`${url} answers 404`);
    yield bytes;
  },
};
const workspaceFolder = scratch.path;
const configurationPath = join(workspaceFolder, '.devcontainer', 'devcontainer.json');
const named = (id: string) => `${registry.host}/f/${id}`;
const storeOf = (id: string) => client.repository(parseReference(named(id)));
const publish = (id: string, metadata: Record<string, unknown> = {}) =>
  publishFeature(storeOf(id), { metadata: { id, version: '1.2.3', ...metadata } });

async function placeLocal(id: string, metadata: Record<string, unknown> = {}): Promise<string> {
  const folder = join(workspaceFolder, '.devcontainer', id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'devcontainer-feature.json'), JSON.stringify({ id, ...metadata }));
  return `./${id}`;
}

async function resolve(
  features: Record<string, Record<string, string> | string>,
  { order, ...options }: Partial<ResolveFeaturesOptions> & { order?: string[] } = {},
) {
  const configuration = { features, overrideFeatureInstallOrder: order };
  return resolveFeatures(configuration, { configurationPath, workspaceFolder, source, ...options });
}
const idsOf = async (...args: Parameters<typeof resolve>) => (await resolve(...args)).map(({ name }) => name);

const tarball = (id: string, entries: Parameters<typeof makeArchive>[0]) => {
  const url = `https://example.test/devcontainer-feature-${id}.tgz`;
  return makeArchive(entries).then((tar) => {
    downloads.set(url, gzipSync(tar));
    return url;
  });
};

beforeAll(async () => {
  await publish('base');
  await publish('tool', { dependsOn: { [named('base:1')]: {} } });
});

describe('resolveFeatures()', () => {
  it('brings in what features depend on, once, and installs it before', async () => {
    expect(await idsOf({ [named('tool')]: {}, [named('base:1')]: {} })).toEqual(['base', 'tool']);
  });

  it('installs a dependency again for other options', async () => {
    expect(await idsOf({ [named('tool')]: {}, [named('base:1')]: { a: 'b' } })).toEqual(['base', 'base', 'tool']);
  });

  it('lets overrideFeatureInstallOrder decide among those that wait for nothing', async () => {
    await publish('zeta');
    const features = { [named('base')]: {}, [named('zeta')]: {} };
    expect(await idsOf(features)).toEqual(['base', 'zeta']);
    expect(await idsOf(features, { order: [named('zeta')] })).toEqual(['zeta', 'base']);
  });

  it('finds the target of installsAfter by a name that it had earlier', async () => {
    await publish('new-name', { legacyIds: ['old-name'] });
    await publish('old-name');
    await publish('after', { installsAfter: [named('new-name')] });
    expect(await idsOf({ [named('after')]: {}, [named('old-name')]: {} })).toEqual(['old-name', 'after']);
  });

  it('needs no registry for what installsAfter and overrideFeatureInstallOrder name', async () => {
    await publish('patient', { installsAfter: ['localhost:1/gone/x', named('never-published')] });
    expect(await idsOf({ [named('patient')]: {} }, { order: ['localhost:1/gone/y'] })).toEqual(['patient']);
  });

  it('joins gradle and maven to java, and reads names of before registries', async () => {
    const asked: string[] = [];
    const recording: FeatureSource = {
      ...source,
      repository(reference) {
        asked.push(`${reference.repository}:${reference.tag}`);
        return storeOf('base');
      },
    };
    await resolve({ gradle: 'latest', maven: {}, common: {} }, { source: recording });
    expect(asked.toSorted()).toEqual(['devcontainers/features/common-utils:1', 'devcontainers/features/java:1']);
  });

  it('reads metadata out of the layer where the manifest does not repeat it', async () => {
    await publishFeature(storeOf('bare'), { metadata: { id: 'bare', version: '3.0.0' }, annotated: false });
    expect((await resolve({ [named('bare')]: {} }))[0]?.metadata.version).toBe('3.0.0');
  });

  it('mixes tarballs and local features in the order of their names', async () => {
    const url = await tarball('archived', [{ path: 'devcontainer-feature.json', content: '{"id":"archived"}' }]);
    const local = await placeLocal('here');
    expect(await idsOf({ [url]: {}, [named('base')]: {}, [local]: {} })).toEqual(['here', 'base', 'archived']);
  });

  it('names the circle that features make', async () => {
    await placeLocal('one', { dependsOn: { './two': {} } });
    await placeLocal('two', { dependsOn: { './three': {} } });
    await placeLocal('three', { installsAfter: ['./one'] });
    await expect(resolve({ './one': {} })).rejects.toThrow(
      'Features wait for each other: ./one -> ./two -> ./three -> ./one',
    );
  });

  it('says which feature cannot be had, and why', async () => {
    await expect(resolve({ [named('absent')]: {} })).rejects.toThrow(
      `Feature "${named('absent')}" cannot be fetched: its registry does not have it`,
    );
    await expect(resolve({ 'localhost:1/x/y': {} })).rejects.toMatchObject({ code: 'FEATURE_UNAVAILABLE' });
    await expect(resolve({ 'https://example.test/devcontainer-feature-no.tgz': {} })).rejects.toThrow('answers 404');
    await expect(resolve({ './absent': {} })).rejects.toThrow('./absent has no devcontainer-feature.json');
    await makeImage(storeOf('image'), { layers: [] });
    await expect(resolve({ [named('image')]: {} })).rejects.toThrow('artifact of another kind');
  });

  it('stops at features that a registry makes up without end', async () => {
    const manifest = await storeOf('base').getManifest('latest');
    const endless: FeatureSource = {
      ...source,
      repository: ({ repository }) => ({
        headManifest: () => Promise.resolve(undefined),
        stat: () => Promise.resolve(undefined),
        read: () => {
          throw new Error('No layer is read');
        },
        async getManifest() {
          const metadata = { id: 'x', dependsOn: { [`localhost:1/${repository}0`]: {} } };
          const document = JSON.parse(Buffer.from(manifest?.bytes ?? []).toString()) as object;
          const bytes = Buffer.from(
            JSON.stringify({ ...document, annotations: { 'dev.containers.metadata': JSON.stringify(metadata) } }),
          );
          return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256(bytes), bytes };
        },
      }),
    };
    await expect(resolve({ 'localhost:1/x/y': {} }, { source: endless })).rejects.toThrow('more than 500 features');
  });
});

describe('a lockfile', () => {
  it('pins features to what they were', async () => {
    const id = named('moving:1');
    const before = await publish('moving', { description: 'before' });
    const lockfile = lockFeatures(await resolve({ [id]: {} }));
    expect(lockfile.features[id]).toEqual({
      version: '1.2.3',
      resolved: `${named('moving')}@${before.digest}`,
      integrity: before.digest,
    });
    await publish('moving', { description: 'after' });
    expect((await resolve({ [id]: {} }))[0]?.metadata.description).toBe('after');
    expect((await resolve({ [id]: {} }, { lockfile }))[0]?.metadata.description).toBe('before');
  });

  it('leaves out local features and those that the command line adds', async () => {
    const local = await placeLocal('here');
    const added = { [named('base:1')]: {} };
    const features = await resolve({ [named('tool')]: {}, [local]: {} }, { additionalFeatures: added });
    expect(Object.keys(lockFeatures(features).features)).toEqual([named('base:1'), named('tool')]);
    expect(Object.keys(lockFeatures(features, Object.keys(added)).features)).toEqual([named('tool')]);
  });

  it('refuses a tarball that has changed', async () => {
    const url = await tarball('locked', [{ path: 'devcontainer-feature.json', content: '{}' }]);
    const integrity = `sha256:${'0'.repeat(64)}` as Digest;
    const lockfile = { features: { [url]: { resolved: url, integrity } } };
    await expect(resolve({ [url]: {} }, { lockfile })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('unpackFeature()', () => {
  const unpack = async (features: Parameters<typeof resolve>[0], name: string) => {
    const [feature] = await resolve(features);
    if (feature === undefined) throw new Error('No feature');
    return unpackFeature(feature.origin, { source, destination: join(scratch.path, name) });
  };

  it('brings the files of a feature of any kind', async () => {
    const files = [
      { path: './devcontainer-feature.json', content: '{}' },
      { path: './install.sh', content: 'true', mode: 0o755 },
    ];
    const url = await tarball('files', files);
    expect(await readFile(join(await unpack({ [named('base')]: {} }, 'u1'), 'install.sh'), 'utf8')).toBe('true\n');
    expect(await readdir(await unpack({ [url]: {} }, 'u2'))).toEqual(['devcontainer-feature.json', 'install.sh']);
    expect(await unpack({ [await placeLocal('here')]: {} }, 'u3')).toBe(join(workspaceFolder, '.devcontainer/here'));
  });

  it('leaves nothing of an archive that climbs out, or is not what was resolved', async () => {
    const metadata = { path: 'devcontainer-feature.json', content: '{}' };
    const climbing = await tarball('climbing', [metadata, { path: '../evil', content: 'x' }]);
    await expect(unpack({ [climbing]: {} }, 'u4')).rejects.toMatchObject({ code: 'ARCHIVE_ESCAPE' });
    const changing = await tarball('changing', [metadata]);
    const [feature] = await resolve({ [changing]: {} });
    downloads.set(changing, gzipSync(await makeArchive([metadata, { path: 'more', content: 'x' }])));
    const destination = join(scratch.path, 'u5');
    if (feature === undefined) throw new Error('No feature');
    await expect(unpackFeature(feature.origin, { source, destination })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    const left = await readdir(scratch.path);
    expect(left).not.toContain('evil');
    expect(left.filter((name) => ['u4', 'u5'].includes(name))).toEqual([]);
  });
});

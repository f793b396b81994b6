import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { baseImageCache, warmedPaths } from '@shale/cache/base-images';
import { digestHex, type Image, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warm } from './warm.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const client = createRegistryClient({ retry: { tries: 1 } });
let registry: TestRegistry;
let image: Image;

const reference = () => parseReference(`${registry.host}/app:v1`);
const open = () => client.repository(reference());
const warmInto = (directory: string) => warm([{ reference: reference(), platforms: [platform] }], { directory, open });

beforeAll(async () => {
  registry = await startRegistry();
  image = await makeImage(open(), { layers: [{ file: Buffer.alloc(3_000_000, 'x') }], tag: 'v1' });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

describe.each([
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a link to /dev/zero', (path: string) => symlinkSync('/dev/zero', path)],
  ['a link that leads nowhere', (path: string) => symlinkSync('absent', path)],
])('%s in a directory of base images', (_, make) => {
  it('hangs no warmer, which puts the image there all the same', async () => {
    await using scratch = await openScratchDirectory();
    const [paths, { digest }] = [warmedPaths(scratch.path), image.manifest];
    const own = join(scratch.path, '.shale/v1');
    const leases = [image.configDescriptor, ...image.layers.map(({ descriptor }) => descriptor)];
    for (const path of [
      paths.entry(digest),
      paths.manifest(digest),
      paths.pointer(reference(), platform),
      join(own, 'leases', digestHex(leases[0]?.digest ?? digest)),
      join(own, `partial/free-x.${digestHex(digest)}`),
      join(own, 'partial/0123'),
    ]) {
      mkdirSync(dirname(path), { recursive: true });
      make(path);
    }
    expect(await warmInto(scratch.path)).toMatchObject([{ status: 'warmed', error: undefined }]);
    const found = await baseImageCache(scratch.path).resolve(reference(), { platform });
    expect(found?.manifest.digest).toBe(digest);
    expect(await warmInto(scratch.path)).toMatchObject([{ status: 'unchanged' }]);
  });
});

describe('a symlink in place of a directory of a warmer', () => {
  it.each(['.shale', '.shale/v1', '.shale/v1/partial', '.shale/v1/leases', '.shale/v1/tags'])(
    '%s: nothing is written or removed through it',
    async (name) => {
      await using scratch = await openScratchDirectory();
      const [directory, victim] = [join(scratch.path, 'images'), join(scratch.path, 'victim')];
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      mkdirSync(join(victim, 'v1/partial'), { recursive: true });
      for (const file of ['file', 'v1/partial/file']) {
        writeFileSync(join(victim, file), '');
        utimesSync(join(victim, file), 1, 1);
      }
      const before = readdirSync(victim, { recursive: true });
      symlinkSync(victim, join(directory, name));
      await expect(warmInto(directory)).rejects.toMatchObject({ code: 'STORE_INVALID' });
      expect(readdirSync(victim, { recursive: true })).toEqual(before);
    },
  );
});

it.runIf(process.getuid?.() === 0)('an image that another user left half-written is not gone on with', async () => {
  await using scratch = await openScratchDirectory();
  const victim = join(scratch.path, 'victim');
  writeFileSync(victim, 'precious', { mode: 0o600 });
  const attempt = join(scratch.path, `images/.shale/v1/partial/free-x.${digestHex(image.manifest.digest)}`);
  mkdirSync(attempt, { recursive: true });
  const blobs = { [image.layers[0]?.descriptor.digest ?? '']: 1000 };
  writeFileSync(join(attempt, 'progress.json'), JSON.stringify({ version: 1, form: 'tar', blobs }));
  symlinkSync(victim, join(attempt, 'image.tar'));
  chownSync(attempt, 65534, 65534);
  expect(await warmInto(join(scratch.path, 'images'))).toMatchObject([{ status: 'warmed' }]);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(statSync(victim).mode & 0o777).toBe(0o600);
});

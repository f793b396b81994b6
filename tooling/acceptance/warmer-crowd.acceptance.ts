import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseImageCache } from '@shale/cache/base-images';
import { hostPlatform, type Image, parseReference, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { makeImage, startRegistry } from '@shale/testing';
import { warm } from '@shale/warmer';
import { expect, it } from 'vitest';
import { runShale } from '../src/shale.ts';
import { damagedBlobs, killHard, pushImage, shaleWarm, startWarm, writeContext } from './warming.ts';

const CROWD = 16;
const SWAPS = 1000;
const KILLS = 200;
const platform = hostPlatform();

it(`${CROWD} warmers and ${CROWD} builders share a directory: each blob is fetched once, no reader fails`, async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  const names = ['a:1', 'b:1', 'c:1'].map((name) => `${registry.host}/${name}`);
  const directory = join(scratch.path, 'D');
  const push = () => Promise.all(names.map((name) => pushImage(name, [3_000_000, 2_000_000])));
  await push();
  expect((await shaleWarm(directory, names)).status).toBe(0);
  const moved = await push();
  await registry.flushed();
  registry.clearRequests();
  const build = async (index: number) => {
    const lines = names.map((name, at) => `COPY --from=${name} / /image-${at}/`);
    const context = await writeContext(
      join(scratch.path, `context-${index}`),
      ['FROM scratch', ...lines, ''].join('\n'),
    );
    const flags = ['--state-dir', join(scratch.path, `state-${index}`), '--base-image-cache-dir', directory];
    return runShale(['build', ...flags, '--base-image-policy', 'missing', '--isolation', 'copy', context]);
  };
  const crowd = Array.from({ length: CROWD }, (_, index) => index);
  const [warmed, built] = await Promise.all([
    Promise.all(crowd.map(() => shaleWarm(directory, names, '--prune'))),
    Promise.all(crowd.map(build)),
  ]);
  for (const { status, stderr } of [...warmed, ...built]) expect({ status, stderr }).toMatchObject({ status: 0 });
  for (const { stderr } of built) expect(stderr).not.toContain('passed over');
  await registry.flushed();
  const fetched = registry
    .requests()
    .flatMap(({ method, path }) => (/\/blobs\//.test(path) ? [`${method} ${path}`] : []));
  expect(fetched).toHaveLength(new Set(fetched).size);
  expect(fetched).toHaveLength(moved.length * 3);
  expect(await damagedBlobs(directory)).toEqual([]);
});

it(`a builder reads an image without an error while a warmer swaps it ${SWAPS} times`, async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  await using client = createRegistryClient();
  const reference = parseReference(`${registry.host}/swapped:v1`);
  const store = client.repository(reference);
  const directory = join(scratch.path, 'D');
  const versions: Image[] = [];
  for (const text of ['a', 'b', 'c']) {
    const layers = [{ 'version.txt': text }, { [`data-${text}`]: createHash('sha256').update(text).digest() }];
    versions.push(await makeImage(store, { ...platform, layers, tag: 'v1' }));
  }
  const plan = [{ reference, platforms: [platform] }];
  const open = () => store;
  await warm(plan, { directory, open });
  const swapping = new AbortController();
  let reads = 0;
  let builds = 0;
  const read = async () => {
    for (; !swapping.signal.aborted; reads += 1) {
      const found = await baseImageCache(directory).resolve(reference, { platform });
      if (found === undefined) throw new Error(`Not found after ${reads} reads`);
      for (const { descriptor } of found.layers) await readBytes(found.blobs.read(descriptor));
    }
  };
  const build = async () => {
    for (; !swapping.signal.aborted; builds += 1) {
      const dockerfile = `FROM scratch\nCOPY --from=${registry.host}/swapped:v1 / /\n`;
      const context = await writeContext(join(scratch.path, 'context'), dockerfile);
      const flags = ['--state-dir', join(scratch.path, `state-${builds}`), '--base-image-policy', 'never'];
      const result = await runShale(['build', ...flags, '--base-image-cache-dir', directory, context]);
      if (result.status !== 0) throw new Error(result.stderr);
      if (result.stderr.includes('passed over')) throw new Error(result.stderr);
    }
  };
  const readers = Promise.all([read(), read(), build()]);
  const swap = async () => {
    for (let count = 0; count < SWAPS; count += 1) {
      const version = versions[count % versions.length];
      if (version === undefined) throw new Error('unreachable');
      await store.putManifest('v1', version.manifest);
      const [result] = await warm(plan, { directory, open, prune: true });
      expect(result?.digest).toBe(version.manifest.digest);
    }
    swapping.abort();
  };
  await Promise.race([swap(), readers.then(() => Promise.reject(new Error('The readers ended')))]);
  await readers;
  console.log(`${SWAPS} swaps under ${reads} reads and ${builds} builds`);
  expect(builds).toBeGreaterThan(5);
});

it(`kill -9 at ${KILLS} random moments leaves nothing corrupt, and the next run ends well`, async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  const names = ['killed:a', 'killed:b'].map((name) => `${registry.host}/${name}`);
  for (const name of names) await pushImage(name, [8_000_000, 4_000_000]);
  for (const format of ['tar', 'oci']) {
    const directory = join(scratch.path, format);
    for (let kill = 0; kill < KILLS / 2; kill += 1) {
      const flags = kill % 2 === 0 ? ['--format', format] : ['--format', format, '--force'];
      const child = startWarm(directory, names, ...flags);
      await sleep(250 + Math.random() * 900);
      await killHard(child);
      expect(await damagedBlobs(directory)).toEqual([]);
    }
    const last = await shaleWarm(directory, names, '--force', '--format', format);
    expect(last).toMatchObject({ status: 0 });
    expect(await damagedBlobs(directory)).toEqual([]);
    for (const name of ['leases', 'partial']) {
      expect(await readdir(join(directory, '.shale/v1', name))).toEqual([]);
    }
  }
});

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open as openFile, readdir, readFile, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { baseImageCache } from '@shale/cache/base-images';
import { type Image, parseReference, type Platform, readBytes, type Reference, streamOf } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient, openDockerArchive } from '@shale/registry';
import { faultProxy, makeImage, makeIndex, startRegistry, type TestRegistry } from '@shale/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warm, type WarmOptions } from './warm.ts';
import { WarmedDirectory } from './warmed-directory.ts';
import type { WarmTarget } from './warm-plan.ts';

const run = promisify(execFile);
const amd64: Platform = { os: 'linux', architecture: 'amd64' };
const SWAPS = Number(process.env['SHALE_WARM_SWAPS'] ?? 20);
const arm64: Platform = { os: 'linux', architecture: 'arm64' };
const base = { 'etc/': '', 'etc/os-release': 'ID=test\n' };

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

const client = createRegistryClient({ retry: { tries: 1 } });
afterAll(() => client[Symbol.asyncDispose]());

const open = (reference: Reference) => client.repository(reference);
const named = (name: string, host = registry.host) => parseReference(`${host}/${name}`);

function target(reference: Reference, platforms: WarmTarget['platforms'] = [amd64]): WarmTarget {
  return { reference, platforms };
}

async function warmInto(directory: string, plan: readonly WarmTarget[], options: Partial<WarmOptions> = {}) {
  await registry.flushed();
  registry.clearRequests();
  const results = await warm(plan, { directory, open, ...options });
  await registry.flushed();
  return { results, requests: registry.requests().map(({ method, path }) => `${method} ${path}`) };
}

describe('warm()', () => {
  it("writes kaniko's format, which skopeo reads", async () => {
    await using scratch = await openScratchDirectory();
    const reference = named('debian:bookworm');
    const big = { 'srv/': '', 'srv/data': Buffer.alloc(3_000_000, 'x') };
    const { manifest, layers } = await makeImage(open(reference), { layers: [base, big, base], tag: 'bookworm' });
    const { results } = await warmInto(scratch.path, [target(reference)]);
    expect(results).toMatchObject([{ status: 'warmed', digest: manifest.digest }]);
    const visible = (await readdir(scratch.path)).filter((name) => !name.startsWith('.'));
    expect(visible.sort()).toEqual([manifest.digest, `${manifest.digest}.json`]);
    expect((await stat(join(scratch.path, manifest.digest))).mode & 0o777).toBe(0o644);
    expect(await readFile(join(scratch.path, `${manifest.digest}.json`))).toEqual(Buffer.from(manifest.bytes));

    const link = join(scratch.path, 'image.tar'); // skopeo takes what follows a colon for a name
    await symlink(join(scratch.path, manifest.digest), link);
    const { stdout } = await run('skopeo', ['inspect', '--config', `docker-archive:${link}`]);
    expect(JSON.parse(stdout).rootfs.diff_ids).toEqual(layers.map(({ diffId }) => diffId));
    const { stdout: listed } = await run('tar', ['-tf', link]);
    expect(listed.trim().split('\n')).toHaveLength(4);
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', `docker-archive:${link}`, `dir:${scratch.path}/copy`]);
    await using archive = await openDockerArchive(link);
    expect(await archive.headManifest('bookworm')).toBeDefined();
  });

  it('costs one HEAD for a tag that did not move, and marks it confirmed', async () => {
    await using scratch = await openScratchDirectory();
    const reference = named('same:v1');
    const images = [
      await makeImage(open(reference), { layers: [base] }),
      await makeImage(open(reference), { layers: [base], architecture: 'arm64' }),
    ];
    await makeIndex(open(reference), images, 'v1');
    for (const platforms of [[amd64, arm64], 'all'] as const) {
      await warmInto(scratch.path, [target(reference, platforms)]);
      const archive = join(scratch.path, images[0]?.manifest.digest ?? '');
      await utimes(archive, 1, 1);
      const again = await warmInto(scratch.path, [target(reference, platforms)]);
      expect(again.results.map(({ status }) => status)).toEqual(['unchanged', 'unchanged']);
      expect(again.requests).toEqual(['HEAD /v2/same/manifests/v1']);
      expect((await stat(archive)).mtimeMs).toBeGreaterThan(1_000_000);
    }
  });

  it('asks nothing for a digest that is here, also of an index', async () => {
    await using scratch = await openScratchDirectory();
    const image = await makeImage(open(named('pinned')), { layers: [base] });
    const { digest } = await makeIndex(open(named('pinned')), [image], 'index');
    const plan = [target(named(`pinned@${digest}`)), target(named(`pinned@${image.manifest.digest}`))];
    await warmInto(scratch.path, plan);
    const again = await warmInto(scratch.path, plan);
    expect(again.results.map(({ status }) => status)).toEqual(['unchanged', 'unchanged']);
    expect(again.requests).toEqual([]);
    const found = await baseImageCache(scratch.path).resolve(named(`pinned@${digest}`), { platform: amd64 });
    expect(found?.manifest.digest).toBe(image.manifest.digest);
  });

  it('fetches a layer that images share once, and moves the tag', async () => {
    await using scratch = await openScratchDirectory();
    const [one, two] = [named('shared:one'), named('shared:two')];
    await makeImage(open(one), { layers: [base, { one: '1' }], tag: 'one' });
    await makeImage(open(two), { layers: [base, { two: '2' }], tag: 'two' });
    const { requests } = await warmInto(scratch.path, [target(one), target(two)]);
    expect(requests.filter((line) => line.startsWith('GET') && line.includes('/blobs/'))).toHaveLength(5);
    const moved = await makeImage(open(one), { layers: [base, { one: 'new' }], tag: 'one' });
    const later = await warmInto(scratch.path, [target(one), target(two)]);
    expect(later.results.map(({ status }) => status)).toEqual(['warmed', 'unchanged']);
    expect(later.requests.filter((line) => line.includes('/blobs/'))).toHaveLength(2);
    const pointer = await new WarmedDirectory(scratch.path).pointer(one, amd64);
    expect(pointer).toMatchObject({ target: moved.manifest.digest, digest: moved.manifest.digest });
  });

  it('keeps the last good copy when the registry is gone, refuses or lies', async () => {
    await using scratch = await openScratchDirectory();
    await using proxy = await faultProxy(registry.url);
    const host = new URL(proxy.url).host;
    const reference = named('kept:v1', host);
    const { manifest } = await makeImage(open(named('kept:v1')), { layers: [base], tag: 'v1' });
    await warm([target(reference)], { directory: scratch.path, open });
    const missing = await warm([target(named('absent', host))], { directory: scratch.path, open });
    expect(missing).toMatchObject([{ status: 'failed', error: { code: 'WARM_FAILED' } }]);
    await proxy[Symbol.asyncDispose]();
    const [result] = await warm([target(reference)], { directory: scratch.path, open });
    const found = await baseImageCache(scratch.path).resolve(reference, { platform: amd64 });
    expect(found?.manifest.digest).toBe(manifest.digest);
    expect(found && (await found.blobs.stat(found.layers[0]?.descriptor.digest ?? manifest.digest))).toBeGreaterThan(0);
    expect(result).toMatchObject({ status: 'stale', digest: manifest.digest, error: { code: 'REGISTRY_UNREACHABLE' } });
    expect(await new WarmedDirectory(scratch.path).entry(manifest.digest)).toBeDefined();
  });

  it('lets many warmers fill one directory, each blob fetched once', async () => {
    await using scratch = await openScratchDirectory();
    const plan: WarmTarget[] = [];
    for (const name of ['many:a', 'many:b', 'many:c']) {
      const reference = named(name);
      await makeImage(open(reference), { layers: [base, { [name]: 'x'.repeat(100_000) }], tag: reference.tag });
      plan.push(target(reference));
    }
    await registry.flushed();
    registry.clearRequests();
    const all = await Promise.all(Array.from({ length: 8 }, () => warm(plan, { directory: scratch.path, open })));
    await registry.flushed();
    expect(all.flat().every(({ digest }) => digest !== undefined)).toBe(true);
    const blobs = registry.requests().filter(({ path }) => path.includes('/blobs/'));
    expect(new Set(blobs.map(({ path }) => path)).size).toBe(blobs.length);
    const own = join(scratch.path, '.shale/v1');
    expect([...(await readdir(join(own, 'leases'))), ...(await readdir(join(own, 'partial')))]).toEqual([]);
  });

  it('swaps images under builds that read them', async () => {
    await using scratch = await openScratchDirectory();
    const reference = named('swapped:v1');
    const versions: Image[] = [];
    for (const content of ['a', 'b']) {
      versions.push(await makeImage(open(reference), { layers: [{ content }], tag: 'v1' }));
    }
    const swapped = new AbortController();
    const read = async () => {
      for (let reads = 0; !swapped.signal.aborted; reads += 1) {
        const found = await baseImageCache(scratch.path).resolve(reference, { platform: amd64 });
        if (found === undefined) throw new Error(`not found after ${reads} reads`);
        for (const { descriptor } of found.layers) await readBytes(found.blobs.read(descriptor));
      }
    };
    await warm([target(reference)], { directory: scratch.path, open });
    const reading = Promise.all([read(), read()]);
    for (let swap = 0; swap < SWAPS; swap += 1) {
      const { manifest } = versions[swap % 2] as Image;
      await open(reference).putManifest('v1', manifest);
      await Promise.race([reading, warm([target(reference)], { directory: scratch.path, open, prune: true })]);
    }
    swapped.abort();
    await reading;
  }, 300_000);

  it('prunes what the plan does not name, and makes room under a limit', async () => {
    await using scratch = await openScratchDirectory();
    const names = ['room:a', 'room:b'].map((name) => named(name));
    for (const reference of names) {
      await makeImage(open(reference), { layers: [{ [reference.tag ?? '']: 'x' }], tag: reference.tag });
    }
    const [a, b] = names.map((reference) => target(reference)) as [WarmTarget, WarmTarget];
    await warmInto(scratch.path, [a, b]);
    await warmInto(scratch.path, [b], { prune: true });
    expect(await new WarmedDirectory(scratch.path).entries()).toHaveLength(2);
    await warmInto(scratch.path, [b], { prune: true, graceMs: -1 });
    expect(await new WarmedDirectory(scratch.path).entries()).toHaveLength(1);
    const { results } = await warmInto(scratch.path, [a], { maxBytes: 6000 });
    expect(results).toMatchObject([{ status: 'warmed' }]);
    expect(await new WarmedDirectory(scratch.path).entries()).toHaveLength(1);
    const tooMuch = await warmInto(scratch.path, [a, b], { maxBytes: 6000 });
    expect(tooMuch.results).toMatchObject([
      { status: 'unchanged' },
      { status: 'failed', error: { code: 'BASE_IMAGE_CACHE_FULL' } },
    ]);
  });

  it('fetches again what was damaged, when told to', async () => {
    await using scratch = await openScratchDirectory();
    const reference = named('forced:v1');
    await makeImage(open(reference), { layers: [base], tag: 'v1' });
    await warmInto(scratch.path, [target(reference)]);
    const { results, requests } = await warmInto(scratch.path, [target(reference)], { force: true });
    expect(results).toMatchObject([{ status: 'warmed' }]);
    expect(requests.filter((line) => line.includes('/blobs/'))).toHaveLength(2);
  });

  it('writes OCI layouts when asked to, which share their blobs', async () => {
    await using scratch = await openScratchDirectory();
    const [one, two] = [named('layouts:one'), named('layouts:two')];
    const { manifest } = await makeImage(open(one), { layers: [base, { one: '1' }], tag: 'one' });
    const { layers } = await makeImage(open(two), { layers: [base, { two: '2' }], tag: 'two' });
    await warmInto(scratch.path, [target(one)], { form: 'oci' });
    const entry = join(scratch.path, manifest.digest);
    const link = join(scratch.path, 'image');
    await symlink(entry, link);
    const { stdout } = await run('skopeo', ['inspect', '--raw', `oci:${link}:${one.registry}/layouts:one`]);
    expect(Buffer.from(stdout)).toEqual(Buffer.from(manifest.bytes));
    await run('skopeo', ['copy', '--quiet', '--insecure-policy', `oci:${link}`, `dir:${scratch.path}/copy`]);
    const { requests } = await warmInto(scratch.path, [target(two)], { form: 'oci' });
    expect(requests.filter((line) => line.includes('/blobs/'))).toHaveLength(2);
    const shared = join(entry, 'blobs/sha256', layers[0]?.descriptor.digest.slice(7) ?? '');
    expect((await stat(shared)).nlink).toBe(2);
    for (const reference of [one, two]) {
      const found = await baseImageCache(scratch.path).resolve(reference, { platform: amd64 });
      for (const { descriptor } of found?.layers ?? []) await readBytes(found?.blobs.read(descriptor) ?? streamOf());
    }
    const again = await warmInto(scratch.path, [target(one), target(two)], { force: true, form: 'tar' });
    expect(again.results.map(({ status }) => status)).toEqual(['warmed', 'warmed']);
    expect((await stat(entry)).isFile()).toBe(true);
  });

  it.each(['tar', 'oci'] as const)('goes on with what broke off: %s', async (form) => {
    await using scratch = await openScratchDirectory();
    const bytes = randomBytes(6_000_000);
    const { manifest } = await makeImage(open(named(`broken:${form}`)), { layers: [{ bytes }], tag: form });
    await using proxy = await faultProxy(registry.url, [
      { path: /blobs/, method: 'GET', fault: { truncateAfterBytes: 4_000_000 } },
    ]);
    const reference = named(`broken:${form}`, proxy.host);
    const [broken] = await warm([target(reference)], { directory: scratch.path, open, form });
    expect(broken).toMatchObject({ status: 'failed' });
    proxy.rules.length = 0;
    const [result] = await warm([target(reference)], { directory: scratch.path, open, form });
    expect(result).toMatchObject({ status: 'warmed', digest: manifest.digest });
    expect(result?.fetchedBytes).toBeLessThan(3_000_000);
    expect(proxy.requests.some(({ headers }) => headers.range !== undefined)).toBe(true);
    expect(await readdir(join(scratch.path, '.shale/v1/partial'))).toEqual([]);
    const found = await baseImageCache(scratch.path).resolve(reference, { platform: amd64 });
    for (const { descriptor } of found?.layers ?? []) await readBytes(found?.blobs.read(descriptor) ?? streamOf());
  });

  it('reads what nobody confirmed for long, and fetches it when it is damaged', async () => {
    await using scratch = await openScratchDirectory();
    const reference = named('expired:v1');
    const { manifest } = await makeImage(open(reference), { layers: [base], tag: 'v1' });
    await warmInto(scratch.path, [target(reference)]);
    const archive = join(scratch.path, manifest.digest);
    await utimes(archive, 1, 1);
    const whole = await warmInto(scratch.path, [target(reference)], { ttlMs: 1000 });
    expect(whole.requests).toEqual(['HEAD /v2/expired/manifests/v1']);
    expect((await stat(archive)).mtimeMs).toBeGreaterThan(1_000_000);
    await using file = await openFile(archive, 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 600);
    await utimes(archive, 1, 1);
    const damaged = await warmInto(scratch.path, [target(reference)], { ttlMs: 1000 });
    expect(damaged.results).toMatchObject([{ status: 'warmed' }]);
  });
});

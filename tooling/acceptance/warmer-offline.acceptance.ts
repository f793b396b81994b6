import { cp, mkdir, readdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform, parseReference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { createRegistryClient } from '@shale/registry';
import { faultProxy, makeIndex, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { requireCommand, runCommand } from '../src/command.ts';
import { requireShale } from '../src/shale.ts';
import { pushImage, shaleWarm, writeContext } from './warming.ts';

const CONTENT = [{ 'etc/': '', 'etc/os-release': 'ID=test\n' }];

async function mountReadOnly(from: string, to: string): Promise<AsyncDisposable> {
  await mkdir(to);
  await requireCommand(['mount', '--bind', from, to]);
  await requireCommand(['mount', '-o', 'remount,bind,ro', to]);
  return {
    async [Symbol.asyncDispose]() {
      await requireCommand(['umount', to]);
    },
  };
}

it.each(['tar', 'oci'])('builds without a registry from a read-only directory: %s', async (format) => {
  await using scratch = await openScratchDirectory();
  const registry = await startRegistry();
  const name = `${registry.host}/debian:bookworm`;
  const image = await pushImage(name, [2_000_000, 500_000], CONTENT);
  await using client = createRegistryClient();
  const store = client.repository(parseReference(name));
  const index = await makeIndex(store, [image], 'index');
  const byDigest = `${registry.host}/debian@${index.digest}`;
  const filled = join(scratch.path, 'filled');
  await requireShale(['warm', '--cache-dir', filled, '--image', name, '--image', byDigest, '--format', format]);
  expect((await readdir(filled)).sort()).toEqual(
    ['.shale', image.manifest.digest, ...(format === 'tar' ? [`${image.manifest.digest}.json`] : [])].sort(),
  );
  const link = join(scratch.path, 'image');
  await symlink(join(filled, image.manifest.digest), link);
  const transport = format === 'tar' ? 'docker-archive' : 'oci';
  await requireCommand([
    'skopeo',
    'copy',
    '-q',
    '--insecure-policy',
    `${transport}:${link}`,
    `dir:${scratch.path}/copy`,
  ]);
  await registry[Symbol.asyncDispose]();
  const directory = join(scratch.path, 'D');
  await using _ = await mountReadOnly(filled, directory);
  for (const [at, from] of [name, byDigest].entries()) {
    const dockerfile = `FROM ${from}\nCOPY --from=${name} /etc/os-release /copied\n`;
    const context = await writeContext(join(scratch.path, `context-${at}`), dockerfile);
    const output = join(scratch.path, `out-${at}`);
    const flags = ['--state-dir', join(scratch.path, `state-${at}`), '--base-image-cache-dir', directory];
    await requireShale(['build', ...flags, '--output', `type=local,dest=${output}`, context]);
    expect(await requireCommand(['cat', join(output, 'copied')])).toBe('ID=test\n');
  }
});

it('costs one HEAD for each tag, also for one that expired; and keeps its copy when the registry is down or limits', async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  await using proxy = await faultProxy(registry.url);
  const names = ['one:1', 'two:2', 'three:3'].map((name) => `${proxy.host}/${name}`);
  const directory = join(scratch.path, 'D');
  for (const name of names) await pushImage(name.replace(proxy.host, registry.host), [100_000]);
  expect((await shaleWarm(directory, names)).status).toBe(0);
  const rounds = { unchanged: new Date(), expired: new Date(0) };
  for (const [round, at] of Object.entries(rounds)) {
    for (const file of await readdir(directory)) await utimes(join(directory, file), at, at);
    const before = proxy.requests.length;
    const { status, stderr } = await shaleWarm(directory, names);
    expect({ round, status }).toEqual({ round, status: 0 });
    expect(stderr.match(/unchanged/g)).toHaveLength(3);
    const asked = proxy.requests.slice(before).filter(({ path }) => path !== '/v2/');
    expect(asked.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      ['HEAD /v2/one/manifests/1', 'HEAD /v2/three/manifests/3', 'HEAD /v2/two/manifests/2'].sort(),
    );
  }
  await cp(directory, join(scratch.path, 'before'), { recursive: true, preserveTimestamps: true });
  for (const status of [429, 503, 401]) {
    proxy.rules.splice(0, Infinity, { path: /manifests/, fault: { respond: { status } } });
    const result = await shaleWarm(directory, names);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('the last good copy of 3 stays');
  }
  await proxy[Symbol.asyncDispose]();
  expect((await shaleWarm(directory, names, '--image-download-retry', '0')).status).toBe(1);
  const { status, stdout } = await runCommand(['diff', '-r', join(scratch.path, 'before'), directory]);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  expect(hostPlatform().os).toBe('linux');
});

import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openScratchDirectory } from '@shale/core/files';
import { faultProxy, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { shaleProgram } from '../src/shale.ts';
import { damagedBlobs, killHard, pushImage, shaleWarm, startWarm } from './warming.ts';

const MIB = 2 ** 20;
const LEASE_MS = 15_000;

it('a full disk is known before the download, and old images stay', async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  const [small, large] = ['small:1', 'large:1'].map((name) => `${registry.host}/${name}`) as [string, string];
  await pushImage(small, [10 * MIB]);
  await pushImage(large, [30 * MIB, 40 * MIB]);
  const directory = join(scratch.path, 'D');
  await mkdir(directory);
  await requireCommand(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', directory]);
  try {
    expect((await shaleWarm(directory, [small])).status).toBe(0);
    await registry.flushed();
    registry.clearRequests();
    const { status, stderr } = await shaleWarm(directory, [small, large]);
    console.log(stderr);
    expect(status).toBe(1);
    expect(stderr).toMatch(/large:1 needs 71 MiB in .*, where 5\d MiB are free/);
    expect(stderr).toContain(`unchanged  ${small}`);
    await registry.flushed();
    expect(registry.requests().filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
    expect(await damagedBlobs(directory)).toEqual([]);
    expect((await readdir(directory)).filter((name) => name.startsWith('sha256:'))).toHaveLength(2);
  } finally {
    await requireCommand(['umount', directory]);
  }
});

it('a bandwidth is kept to', async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  const names = ['slow:a', 'slow:b'].map((name) => `${registry.host}/${name}`);
  for (const name of names) await pushImage(name, [10_000_000]);
  const startedMs = performance.now();
  expect((await shaleWarm(join(scratch.path, 'D'), names, '--max-bandwidth', '4MB')).status).toBe(0);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`20 MB at 4 MB/s took ${seconds.toFixed(1)} s`);
  expect(seconds).toBeGreaterThan(4.9);
});

it('what was killed half-way goes on where it was', async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  const name = `${registry.host}/half:1`;
  await pushImage(name, [60_000_000]);
  const directory = join(scratch.path, 'D');
  const child = startWarm(directory, [name], '--max-bandwidth', '15MB');
  await sleep(3500);
  await killHard(child);
  const { status, stdout } = await shaleWarm(directory, [name], '--json');
  expect(status).toBe(0);
  const [{ fetchedBytes }] = JSON.parse(stdout).images;
  console.log(`${fetchedBytes} of 60000000 bytes were fetched by the second run`);
  expect(fetchedBytes).toBeGreaterThan(0);
  expect(fetchedBytes).toBeLessThan(45_000_000);
  expect(await damagedBlobs(directory)).toEqual([]);
});

it(`the lease of a machine that died is free within ${LEASE_MS / 1000} s`, async () => {
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  await using proxy = await faultProxy(registry.url, [
    { path: /\/blobs\//, method: 'GET', nth: [1, 2], fault: { stallAfterBytes: 1_000_000 } },
  ]);
  const name = `${proxy.host}/leased:1`;
  await pushImage(name.replace(proxy.host, registry.host), [20_000_000]);
  const directory = join(scratch.path, 'D');
  // Another host name is another machine, whose processes are not known here.
  const line = `hostname other; exec ${shaleProgram} warm -c ${directory} -i ${name}`;
  const first = spawn('unshare', ['--uts', 'sh', '-c', line], { stdio: 'ignore', detached: true });
  const leases = join(directory, '.shale/v1/leases');
  for (let waited = 0; waited < 300; waited += 1) {
    if ((await readdir(leases).catch(() => [])).length === 2) break;
    await sleep(100);
  }
  await sleep(1000);
  await killHard(first);
  const diedMs = performance.now();
  const asked = proxy.requests.length;
  const second = shaleWarm(directory, [name]);
  let tookMs = 0;
  for (let waited = 0; waited < 600 && tookMs === 0; waited += 1) {
    await sleep(50);
    const blob = proxy.requests.slice(asked).find(({ path }) => path.includes('/blobs/'));
    if (blob !== undefined) tookMs = blob.atMs - diedMs;
  }
  expect((await second).status).toBe(0);
  console.log(`The lease was free after ${(tookMs / 1000).toFixed(1)} s`);
  expect(tookMs).toBeGreaterThan(0);
  expect(tookMs).toBeLessThan(LEASE_MS);
});

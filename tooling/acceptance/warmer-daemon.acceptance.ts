import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseImageCache } from '@shale/cache/base-images';
import { hostPlatform, parseReference, readBytes } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { type Fault, faultProxy, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { requireCommand } from '../src/command.ts';
import { startWarmerDaemon } from '../src/warmer-daemon.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { damagedBlobs, pushImage } from './warming.ts';

const MINUTES = Number(process.env['SHALE_DAEMON_MINUTES'] ?? 10);
const MAX_IDLE_MIB = 90;
const MAX_BUSY_MIB = 200;
const platform = hostPlatform();

async function residentMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

const FAULTS: readonly Fault[] = [
  { respond: { status: 429, headers: { 'retry-after': '1' } } },
  { respond: { status: 503 } },
  { resetAfterBytes: 300_000 },
  { truncateAfterBytes: 200_000 },
  { flipBitAt: 1000 },
  { stallAfterBytes: 100_000 },
  { dropResponse: true },
  { respond: { status: 401 } },
];

it(`runs three schedules for ${MINUTES} minutes while faults come and go`, async () => {
  await requireCommand(['pnpm', 'run', '--silent', 'build'], { cwd: join(workspaceRoot, 'apps/warmerd') });
  await using scratch = await openScratchDirectory();
  await using registry = await startRegistry();
  await using proxy = await faultProxy(registry.url);
  const images = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${proxy.host}/${name}:v1`);
  const push = (name: string) => pushImage(name.replace(proxy.host, registry.host), [2_000_000, 1_000_000]);
  for (const name of images) await push(name);
  const dockerfile = join(scratch.path, 'Dockerfile');
  await writeFile(dockerfile, `FROM ${images[4]}\nCOPY --from=${images[5]} / /\n`);
  const directory = join(scratch.path, 'images');
  const schedules = [
    { name: 'fast', cron: '*/5 * * * * *', images: images.slice(0, 2) },
    { name: 'slow', cron: '*/20 * * * * *', jitter: '5s', timeZone: 'Europe/Berlin', images: images.slice(2, 4) },
    { name: 'files', cron: '*/10 * * * * *', dockerfiles: [{ path: dockerfile }] },
  ];
  const config = join(scratch.path, 'config.yaml');
  const more = { prune: true, maxSize: '100MB', history: 'history.sqlite', schedules };
  await writeFile(config, stringify({ directory, listen: '127.0.0.1:0', ...more }));
  await using daemon = await startWarmerDaemon(config, join(workspaceRoot, 'apps/warmerd/dist/shale-warmerd.js'));
  await daemon.next(({ type }) => type === 'run.finished');
  while ((await status(daemon.url)).schedules.some(({ running }) => running)) await sleep(500);
  await sleep(2000);
  const idle = await residentMiB(daemon.process.pid);
  console.log(`idle: ${idle.toFixed(0)} MiB`);
  expect(idle).toBeLessThan(MAX_IDLE_MIB);

  const untilMs = Date.now() + MINUTES * 60_000;
  let reads = 0;
  let moves = 0;
  let faults = 0;
  let peak = idle;
  const disturb = async () => {
    while (Date.now() < untilMs) {
      const fault = FAULTS[faults % FAULTS.length] as Fault;
      faults += 1;
      proxy.rules.push({ path: faults % 3 === 0 ? /manifests/ : /./, nth: [1, 3, 4, 6], fault });
      await sleep(4000);
      proxy.rules.splice(0);
      await push(images[moves++ % images.length] as string);
      await sleep(4000);
    }
  };
  const read = async () => {
    while (Date.now() < untilMs) {
      for (const name of images) {
        const found = await baseImageCache(directory).resolve(parseReference(name), { platform });
        if (found === undefined) throw new Error(`${name} was not found after ${reads} reads`);
        for (const { descriptor } of found.layers) await readBytes(found.blobs.read(descriptor));
        reads += 1;
      }
      peak = Math.max(peak, await residentMiB(daemon.process.pid));
      await sleep(50);
    }
  };
  await Promise.all([disturb(), read()]);
  await sleep(45_000); // every schedule runs once more, undisturbed
  const runs = daemon.lines.filter(({ type }) => type === 'run.finished').map(({ run }) => run as { schedule: string });
  const counts = Object.groupBy(runs, ({ schedule }) => schedule);
  const summary = Object.entries(counts).map(([name, list]) => `${name} ${list?.length}`);
  console.log(
    `${summary.join(', ')} runs; ${faults} faults, ${moves} moves, ${reads} reads; peak ${peak.toFixed(0)} MiB`,
  );
  expect(Object.keys(counts).sort()).toEqual(['fast', 'files', 'slow']);
  expect(counts['fast']?.length).toBeGreaterThan(MINUTES * 4);
  expect(peak).toBeLessThan(MAX_BUSY_MIB);
  const last = await status(daemon.url);
  expect(last.images).toHaveLength(images.length);
  expect(last.images.filter(({ error }) => error !== undefined)).toEqual([]);
  for (const name of images) {
    const target = name.replace(proxy.host, registry.host);
    const digest = await requireCommand([
      'skopeo',
      'inspect',
      '--tls-verify=false',
      '--format={{.Digest}}',
      `docker://${target}`,
    ]);
    expect(last.images.find(({ reference }) => reference === name)?.digest).toBe(digest.trim());
  }
  expect(await damagedBlobs(directory)).toEqual([]);
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toMatch(/registry_failures_total\{[^}]*reason="limited"\} \d/);
  const dashboard = await (await fetch(daemon.url)).text();
  expect(dashboard).toContain(`All ${images.length} images are up to date.`);
  expect((await fetch(`${daemon.url}/assets/uplot.js`)).status).toBe(200);
  const stoppedMs = performance.now();
  daemon.process.kill('SIGTERM');
  await daemon.ended;
  expect(performance.now() - stoppedMs).toBeLessThan(5000);
});

interface Status {
  readonly images: readonly { readonly reference: string; readonly digest: string; readonly error?: string }[];
  readonly schedules: readonly { readonly running: boolean }[];
}

async function status(url: string): Promise<Status> {
  return (await (await fetch(`${url}/api/images`)).json()) as Status;
}

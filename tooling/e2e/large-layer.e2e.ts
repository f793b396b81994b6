import { join } from 'node:path';
import { startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';
import { bundledShale } from '../src/shale.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/** `SHALE_E2E_LARGE_MIB=2048 pnpm e2e large-layer` is the full size; the daily run keeps the shape. */
const SIZE_MIB = Number(process.env['SHALE_E2E_LARGE_MIB'] ?? 384);
const MAX_RSS_KIB = 250 * 1024;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it(`a layer of ${SIZE_MIB} MiB of random data is built, cached and pushed in flat memory`, {
  timeout: 1_200_000,
}, async () => {
  await using registry = await startRegistry();
  const context = await bench.writeContext({
    Dockerfile: `FROM busybox\nRUN dd if=/dev/urandom of=/random bs=1M count=${SIZE_MIB}\n`,
  });
  const report = join(bench.scratch, 'time');
  // The bundle: modules stripped of their types take 50 MiB more.
  const wrapper = ['/usr/bin/time', '--format', '%M', '--output', report, ...bundledShale.slice(0, -1)];
  const flags = ['--cache-repo', `${registry.host}/cache`, '--tag', `${registry.host}/large:v1`, '--push'];
  const run = await bench.requireBuild({ context, flags, wrapper, program: bundledShale.at(-1) });
  expect(run.warnings).toEqual([]);
  const peakKib = Number(await requireCommand(['cat', report]));
  expect(peakKib).toBeLessThan(MAX_RSS_KIB);
  console.log(`peak RSS for ${SIZE_MIB} MiB: ${(peakKib / 1024).toFixed(0)} MiB`);
});

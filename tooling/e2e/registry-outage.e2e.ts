import { startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { helloExample } from './example.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

const MAX_DELAY_MS = 5000;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('a cache registry that went away costs one warning and at most five seconds', async () => {
  const registry = await startRegistry();
  const flags = ['--cache-repo', `${registry.host}/cache`];
  const state = `${bench.scratch}/state`;
  try {
    await bench.requireBuild({ context: helloExample, flags, state });
  } finally {
    await registry[Symbol.asyncDispose]();
  }
  const plain = await bench.requireBuild({ context: helloExample, state: `${bench.scratch}/plain-state` });
  const without = await bench.requireBuild({ context: helloExample, flags, state: `${bench.scratch}/fresh-state` });
  expect(without.warnings).toHaveLength(1);
  expect(without.warnings[0]).toContain('cache.degraded');
  expect(without.durationMs - plain.durationMs).toBeLessThan(MAX_DELAY_MS);
});

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { helloExample } from './example.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('--layer-cache-dir outlives the state folder: nothing runs again, same digest', async () => {
  const flags = [
    '--layer-cache-dir',
    join(bench.scratch, 'layers'),
    '--output',
    `type=oci,dest=${bench.scratch}/image.tar`,
  ];
  const first = await bench.requireBuild({ context: helloExample, flags });
  expect(first.ran.length).toBeGreaterThan(0);
  await rm(join(bench.scratch, 'state'), { recursive: true, force: true });
  const second = await bench.requireBuild({ context: helloExample, flags });
  expect(second.ran).toEqual([]);
  expect(second.digest).toBe(first.digest);
});

it('without a flag the state folder remembers', async () => {
  const state = join(bench.scratch, 'default-state');
  const first = await bench.requireBuild({ context: helloExample, state });
  const second = await bench.requireBuild({ context: helloExample, state });
  expect(second.ran).toEqual([]);
  expect(second.digest).toBe(first.digest);
});

it('--no-cache runs everything and stores it', async () => {
  const state = join(bench.scratch, 'bypassed-state');
  const first = await bench.requireBuild({ context: helloExample, state });
  const bypassed = await bench.requireBuild({ context: helloExample, state, flags: ['--no-cache'] });
  expect(bypassed.ran.toSorted()).toEqual(first.ran.toSorted()); // independent stages run side by side
  expect((await bench.requireBuild({ context: helloExample, state })).ran).toEqual([]);
});

it('keeps what was done before a step that fails, though it is still being packed then', async () => {
  const state = join(bench.scratch, 'failing-state');
  const dockerfile = (end: string) =>
    ['FROM busybox', 'RUN dd if=/dev/urandom of=/random bs=1M count=64', `RUN ls -l /random && ${end}`, ''].join('\n');
  const context = await bench.writeContext({ Dockerfile: dockerfile('false') });
  const failed = await bench.build({ context, state });
  expect(failed.status).toBe(1);
  await writeFile(join(context, 'Dockerfile'), dockerfile('true'));
  const mended = await bench.requireBuild({ context, state });
  expect(mended.ran).toHaveLength(1);
});

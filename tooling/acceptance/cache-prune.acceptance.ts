import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { helloExample } from '../e2e/example.ts';
import { openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { runShale } from '../src/shale.ts';

const BUILDERS = 4;
const BUILDS_EACH = 6;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench[Symbol.asyncDispose]());

it(`${BUILDERS} builders go on while everything that nobody holds is pruned at once, again and again`, async () => {
  const state = join(bench.scratch, 'pruned');
  const contexts = [helloExample, join(bench.scratch, 'other')];
  await cp(helloExample, join(bench.scratch, 'other'), { recursive: true });
  await writeFile(join(bench.scratch, 'other/site/more.txt'), 'more\n');
  const building = new AbortController();
  const prune = async () => {
    let rounds = 0;
    for (; !building.signal.aborted; rounds += 1) {
      const flags = ['--all', '--grace', '0', '--state-dir', state];
      const { status, stderr } = await runShale(['cache', 'prune', ...flags]);
      expect([status, stderr]).toEqual([0, expect.stringContaining('Freed')]);
    }
    return rounds;
  };
  const build = async (builder: number) => {
    const runs = [];
    for (let round = 0; round < BUILDS_EACH; round += 1) {
      const context = contexts[round % 2] ?? helloExample;
      const flags = ['--output', `type=oci,dest=${join(bench.scratch, `image-${builder}.tar`)}`];
      runs.push(await bench.build({ context, state, flags }));
    }
    return runs;
  };
  const pruned = prune();
  const runs = (await Promise.all(Array.from({ length: BUILDERS }, (_, builder) => build(builder)))).flat();
  building.abort();
  const failed = runs.filter(({ status }) => status !== 0);
  console.log(`${runs.length} builds beside ${await pruned} rounds of prune: ${failed.length} failed`);
  expect(failed.map(({ output }) => output)).toEqual([]);
  const { status, stdout } = await runShale(['cache', 'verify', '--json', '--state-dir', state]);
  expect([status, (JSON.parse(stdout) as { broken: readonly object[] }).broken]).toEqual([0, []]);
});

import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { findCorruptBlobs } from '../e2e/verify-blobs.ts';
import { runCommand } from '../src/command.ts';
import { requireShale, runShale } from '../src/shale.ts';
import { storedContents } from './registry-storage.ts';

const BUILDERS = 16;
const DOCKERFILE = `FROM busybox AS one
RUN mkdir /d && for i in $(seq 200); do echo $i > /d/$i; done
FROM busybox
COPY a.txt /a
RUN cat /a /a > /b
COPY --from=one /d /d
RUN ls /d > /list
WORKDIR /work
`;
const STEPS = 6;

let bench: Workbench;
let context: string;
let states = 0;
beforeAll(async () => {
  bench = await openWorkbench();
  context = await bench.writeContext({ Dockerfile: DOCKERFILE, 'a.txt': 'a' });
});
afterAll(() => bench[Symbol.asyncDispose]());

const freshState = () => join(bench.scratch, `state-${(states += 1)}`);
const buildAtOnce = (count: number, flags: readonly string[]) =>
  Promise.all(Array.from({ length: count }, () => bench.build({ context, flags, state: freshState() })));

it(`${BUILDERS} builders on one directory: all succeed, each layer is stored once, and it verifies`, async () => {
  const root = join(bench.scratch, 'layers');
  const flags = ['--layer-cache-dir', root, '--reproducible'];
  const runs = await buildAtOnce(BUILDERS, flags);
  console.log(`directory: ${runs.filter(({ status }) => status === 0).length} of ${BUILDERS} builds ended with 0`);
  expect(runs.map(({ status, output }) => (status === 0 ? 0 : output))).toEqual(runs.map(() => 0));
  expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
  const blobs = globSync(join(root, 'blobs/sha256/*'));
  const records = globSync(join(root, 'v1/??/*'));
  expect(records.every((path) => /^[0-9a-f]{64}$/.test(basename(path)))).toBe(true);
  // a COPY from a stage has a second key, for its content
  expect(records.length).toBe(STEPS + 1);
  const { stdout } = await requireShale(['cache', 'verify', '--layer-cache-dir', root, '--json']);
  console.log(`directory: ${blobs.length} blobs, ${records.length} records, verify ${stdout.trim().slice(0, 200)}`);
  expect(await findCorruptBlobs(root)).toEqual([]);
  expect(globSync(join(root, 'ingest/*'))).toEqual([]);
  expect((await bench.requireBuild({ context, flags, state: freshState() })).ran).toEqual([]);
});

it(`${BUILDERS} builders on one repository of a registry: the same`, async () => {
  const storage = join(bench.scratch, 'storage');
  await using registry = await startRegistry({ storage });
  const repository = `${registry.host}/cache`;
  const flags = ['--cache-repo', repository, '--push-image'];
  const runs = await buildAtOnce(BUILDERS, flags);
  console.log(`registry: ${runs.filter(({ status }) => status === 0).length} of ${BUILDERS} builds ended with 0`);
  expect(runs.map(({ status, output }) => (status === 0 ? 0 : output))).toEqual(runs.map(() => 0));
  expect(runs.flatMap(({ output }) => output.split('\n').filter((line) => line.includes('push-failed')))).toEqual([]);
  expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
  const { tags } = (await (await fetch(`${registry.url}/v2/cache/tags/list`)).json()) as { tags: string[] };
  expect(tags.filter((tag) => tag !== 'latest')).toHaveLength(STEPS + 1);
  const names = storedContents(storage).map((path) => path.split('/').at(-2));
  expect(new Set(names).size).toBe(names.length);
  const { stdout } = await requireShale(['cache', 'verify', '--cache-repo', repository, '--download', '--json']);
  console.log(`registry: ${names.length} contents, ${tags.length} tags, verify ${stdout.trim().slice(0, 200)}`);
  const again = await bench.requireBuild({ context, flags, state: freshState() });
  expect([again.ran, again.digest]).toEqual([[], runs[0]?.digest]);
});

const PRUNES = 100;
const BUILDERS_BESIDE = 8;

it(`${PRUNES} rounds of pruning everything beside ${BUILDERS_BESIDE} builders: no build fails`, async () => {
  const root = join(bench.scratch, 'pruned');
  const archive = (index: number) => `type=oci,dest=${bench.scratch}/image-${index}.tar`;
  const done = new AbortController();
  const failures: string[] = [];
  let builds = 0;
  const builder = async (index: number) => {
    const state = freshState();
    while (!done.signal.aborted) {
      const flags = ['--layer-cache-dir', root, '--output', archive(index)];
      const run = await bench.build({ context, flags, state });
      await runCommand(['rm', '-rf', '--one-file-system', state]); // what it does not find in the cache it must make
      builds += 1;
      if (run.status !== 0) failures.push(run.output);
    }
  };
  const builders = Promise.all(Array.from({ length: BUILDERS_BESIDE }, (_, index) => builder(index)));
  for (let round = 1; round <= PRUNES; round += 1) {
    const pruned = await runShale(['cache', 'prune', '--layer-cache-dir', root, '--all', '--grace', '0s']);
    if (pruned.status !== 0) failures.push(pruned.stderr);
  }
  done.abort();
  await builders;
  console.log(`${PRUNES} prunes beside ${builds} builds: ${failures.length} failures`);
  expect(failures).toEqual([]);
});

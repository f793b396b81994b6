import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry } from '@shale/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BuildRun, openWorkbench, type Workbench } from '../e2e/workbench.ts';
import { requireCommand } from '../src/command.ts';
import { runShale } from '../src/shale.ts';
import { flipBit, storedContents } from './registry-storage.ts';

const STEPS = 100;
const ROUNDS = 5;

let bench: Workbench;
let context: string;
let states = 0;
beforeAll(async () => {
  bench = await openWorkbench();
  const steps = Array.from({ length: STEPS }, (_, index) => `COPY ${index}.txt /parts/`);
  const parts = Array.from({ length: STEPS }, (_, index) => [`${index}.txt`, `${index}\n`]);
  const Dockerfile = ['FROM busybox', ...steps, ''].join('\n');
  context = await bench.writeContext({ Dockerfile, ...Object.fromEntries(parts) });
});
afterAll(() => bench[Symbol.asyncDispose]());

/** A build on a machine that has seen nothing, which needs every byte. Returns what is in the image, too. */
async function build(flags: readonly string[]): Promise<BuildRun & { readonly content: string }> {
  const state = join(bench.scratch, `state-${(states += 1)}`);
  const archive = `${state}.tar`;
  const output = ['--reproducible', '--output', `type=tar,dest=${archive}`];
  const run = await bench.requireBuild({ context, flags: [...flags, ...output], state });
  const content = (await requireCommand(['sha256sum', archive])).slice(0, 64);
  rmSync(archive);
  rmSync(state, { recursive: true, force: true });
  return { ...run, content };
}

/** Flips a bit in one of a hundred, and deletes another one of a hundred. Another seed hits others. */
function damage(files: readonly string[], seed: number): readonly string[] {
  const chosen = (offset: number) => files.filter((_, index) => index % 100 === (seed * 13 + offset) % 100);
  const [flipped, deleted] = [chosen(0), chosen(50)];
  flipped.forEach(flipBit);
  for (const path of deleted) rmSync(path);
  return [...flipped, ...deleted];
}

it(`a directory in which 1 % is flipped and 1 % is gone gives right builds, ${ROUNDS} times, and heals`, async () => {
  const root = join(bench.scratch, 'layers');
  const flags = ['--layer-cache-dir', root];
  const first = await build(flags);
  const verify = async () => {
    const { status, stdout, stderr } = await runShale(['cache', 'verify', '--layer-cache-dir', root]);
    return { status, output: stdout + stderr };
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    const contents = [...globSync(join(root, 'blobs/sha256/*')), ...globSync(join(root, 'v1/??/*'))].toSorted();
    const damaged = damage(contents, round);
    expect((await verify()).status).not.toBe(0);
    const run = await build(flags);
    console.log(
      `directory, round ${round}: ${damaged.length} of ${contents.length} files damaged, ${run.ran.length} steps run again`,
    );
    expect([run.content, run.digest]).toEqual([first.content, first.digest]);
    expect(await verify()).toMatchObject({ status: 0 });
    expect((await build(flags)).ran).toEqual([]);
  }
});

it(`a registry in whose storage 1 % is flipped and 1 % is gone gives right builds, ${ROUNDS} times, and heals`, async () => {
  const storage = join(bench.scratch, 'storage');
  await using registry = await startRegistry({ storage });
  const flags = ['--cache-repo', `${registry.host}/cache`];
  const first = await build(flags);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const contents = storedContents(storage);
    const damaged = damage(contents, round);
    const run = await build(flags);
    console.log(
      `registry, round ${round}: ${damaged.length} of ${contents.length} contents damaged, ${run.ran.length} steps run again`,
    );
    expect(run.content).toBe(first.content);
    const healed = await build(flags);
    expect([healed.ran, healed.warnings, healed.content]).toEqual([[], [], first.content]);
  }
});

import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseBuilder } from '../conformance/case-builder.ts';
import { type CaseResult, runCase } from '../conformance/check-case.ts';
import { compareObservations } from '../conformance/compare.ts';
import { buildkitBuilder } from '../conformance/buildkit-builder.ts';
import { writeGeneratedCases } from '../conformance/generated-case.ts';
import { readBaseTree } from '../conformance/golden.ts';
import { shaleBuilder } from '../conformance/shale-builder.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import type { FileTree } from '../src/file-tree.ts';

/** The same Dockerfiles come again with `SHALE_SEED=…`. */
const seed = Number(process.env['SHALE_SEED'] ?? Date.now() % 2 ** 31);
const COUNT = Number(process.env['SHALE_COUNT'] ?? 40);

const scratch = mkdtempSync(join(tmpdir(), 'shale-generated-'));
let builders: readonly [CaseBuilder, CaseBuilder];
let base: FileTree;
beforeAll(async () => {
  await ensurePackages(packagesFor.peers);
  base = await readBaseTree(scratch);
  builders = [await buildkitBuilder(), await shaleBuilder()];
});
afterAll(async () => {
  for (const builder of builders) await builder[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

describe(`generated Dockerfiles (SHALE_SEED=${seed}) become with shale what they become with BuildKit`, () => {
  it.each(writeGeneratedCases(scratch, COUNT, seed).map((one) => [one.name, one] as const))(
    '%s',
    async (_name, one) => {
      const [reference, own] = await Promise.all(builders.map((builder) => runCase(one, builder, base)));
      const text = readFileSync(one.dockerfile, 'utf8');
      expect([text, ...differences(reference, own)]).toEqual([text]);
    },
  );
});

function differences(reference: CaseResult | undefined, own: CaseResult | undefined): string[] {
  if (reference?.type === 'image' && own?.type === 'image')
    return compareObservations(reference.observation, own.observation);
  if (reference?.type === own?.type) return [];
  return [reference, own].map((result) => (result?.type === 'error' ? result.message.trim().slice(-400) : 'an image'));
}

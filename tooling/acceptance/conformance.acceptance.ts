import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCases } from '../conformance/case.ts';
import { checkCaching } from '../conformance/check-caching.ts';
import { readBaseTree } from '../conformance/golden.ts';
import { type ShaleBuilder, shaleBuilder } from '../conformance/shale-builder.ts';
import type { FileTree } from '../src/file-tree.ts';

/** The same half of the entries goes again with `SHALE_SEED=…`. */
const seed = process.env['SHALE_SEED'] ?? String(Date.now());

let builder: ShaleBuilder;
let base: FileTree;
beforeAll(async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-acceptance-'));
  base = await readBaseTree(scratch);
  await rm(scratch, { recursive: true });
  builder = await shaleBuilder();
});
afterAll(() => builder[Symbol.asyncDispose]());

const images = loadCases().filter(({ expectError }) => expectError === undefined);

describe(`cold, cached, half cached (SHALE_SEED=${seed}) and reproducible builds are one`, () => {
  it.each(images.map((conformanceCase) => [conformanceCase.name, conformanceCase] as const))(
    '%s',
    async (_name, conformanceCase) => {
      expect(await checkCaching(conformanceCase, builder, { base, seed })).toEqual([]);
    },
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCases } from '../conformance/case.ts';
import type { CaseBuilder } from '../conformance/case-builder.ts';
import { judge, runCase } from '../conformance/check-case.ts';
import { readBaseTree, readGolden } from '../conformance/golden.ts';
import { shaleBuilder } from '../conformance/shale-builder.ts';
import type { FileTree } from '../src/file-tree.ts';

let builder: CaseBuilder;
let base: FileTree;
beforeAll(async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-e2e-'));
  base = await readBaseTree(scratch);
  await rm(scratch, { recursive: true });
  builder = await shaleBuilder();
});
afterAll(() => builder[Symbol.asyncDispose]());

describe.concurrent('every Dockerfile of the conformance folder becomes what its golden says', () => {
  it.each(loadCases().map((conformanceCase) => [conformanceCase.name, conformanceCase] as const))(
    '%s',
    async (_name, conformanceCase) => {
      const result = await runCase(conformanceCase, builder, base);
      expect(judge(conformanceCase, result, readGolden(conformanceCase))).toEqual([]);
    },
  );
});

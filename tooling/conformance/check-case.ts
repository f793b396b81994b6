import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileTree } from '../src/file-tree.ts';
import type { ConformanceCase } from './case.ts';
import type { CaseBuilder } from './case-builder.ts';
import { compareObservations } from './compare.ts';
import { type Observation, observe } from './observation.ts';
import { openCase } from './open-case.ts';

export type CaseResult =
  | { readonly type: 'image'; readonly observation: Observation }
  | { readonly type: 'error'; readonly message: string };

/** Builds a case in a fresh copy of its context. */
export async function runCase(
  conformanceCase: ConformanceCase,
  builder: CaseBuilder,
  base: FileTree,
): Promise<CaseResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-case-'));
  try {
    await using open = await openCase(conformanceCase, scratch);
    const outcome = await builder.build(open.ready, open.context, scratch);
    if (outcome.type === 'error') return outcome;
    return { type: 'image', observation: open.stable(observe(outcome.tree, outcome.config, base)) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Returns a line for each way in which a result is wrong. */
export function judge({ expectError }: ConformanceCase, result: CaseResult, golden: Observation | undefined): string[] {
  if (expectError !== undefined) {
    if (result.type === 'image') return ['the build succeeded, but must fail'];
    return expectError.test(result.message)
      ? []
      : [`the error does not match ${expectError}: ${lastLines(result.message)}`];
  }
  if (result.type === 'error') return [`the build failed: ${lastLines(result.message)}`];
  if (golden === undefined) return ['there is no expected.json: record it with --update'];
  return compareObservations(golden, result.observation);
}

export function lastLines(message: string): string {
  return message.trim().split('\n').slice(-6).join('\n    ');
}

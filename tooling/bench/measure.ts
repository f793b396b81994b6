import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import type { Scenario } from './scenario.ts';

/** Cached builds after each cold one. */
const CACHED_BUILDS = 3;

export interface Measurement {
  readonly contender: string;
  readonly scenario: string;
  readonly phase: 'cold' | 'cached';
  readonly milliseconds: number;
}

/**
 * For a minute ext4 passes over inodes that were freed, one by one: after a reset that removed tens of thousands of files,
 * making new ones takes several times as long as anywhere else, for whoever comes next.
 */
const SETTLE_MS = 65_000;

/** One cold build and some cached ones of a scenario. */
export async function measureRound(
  contender: Contender,
  { name: scenario, hasManyFiles }: Scenario,
  context: string,
): Promise<Measurement[]> {
  await contender.reset();
  if (hasManyFiles) await setTimeout(SETTLE_MS);
  const measurements = [await time('cold')];
  for (let count = 0; count < CACHED_BUILDS; count++) measurements.push(await time('cached'));
  return measurements;

  async function time(phase: Measurement['phase']): Promise<Measurement> {
    const started = performance.now();
    await contender.build(context);
    return { contender: contender.name, scenario, phase, milliseconds: performance.now() - started };
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

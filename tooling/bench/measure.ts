import { performance } from 'node:perf_hooks';
import type { Contender } from './contender.ts';

/** Cached builds after each cold one. */
const CACHED_BUILDS = 3;

export interface Measurement {
  readonly contender: string;
  readonly scenario: string;
  readonly phase: 'cold' | 'cached';
  readonly milliseconds: number;
}

/** One cold build and some cached ones of a scenario. */
export async function measureRound(contender: Contender, scenario: string, context: string): Promise<Measurement[]> {
  await contender.reset();
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

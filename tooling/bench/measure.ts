import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import type { Contender, Machine } from './contender.ts';
import { type Scenario, writeContext } from './scenario.ts';
import { openTmpfs } from './tmpfs.ts';
import type { Usage } from './usage.ts';

/** Cached builds after each cold one. */
const CACHED_BUILDS = 3;

/** `changed`: one source file is another than in the build before. */
export type Phase = 'cold' | 'cached' | 'changed';

/** `local`: all builds on one machine. `fresh`: each on a new one, with the layers in a registry. */
export type Place = 'local' | 'fresh';

export interface Measurement extends Usage {
  readonly contender: string;
  readonly scenario: string;
  readonly place: Place;
  readonly phase: Phase;
  /** Over the loopback interface, one way. */
  readonly movedMiB: number;
}

export interface RoundOptions {
  readonly scenario: Scenario;
  readonly place: Place;
  /** For contexts and machines; the caller removes it. */
  readonly scratch: string;
  /** A repository without TLS that is empty for each round. */
  readonly cacheRepository: string;
}

/** A cold build, some cached ones, and one of a changed source where the scenario has that. */
export async function measureRound(contender: Contender, options: RoundOptions): Promise<Measurement[]> {
  const { scenario, place, scratch } = options;
  const context = join(scratch, scenario.name);
  await writeContext(scenario, context);
  const phases: Phase[] = [
    'cold',
    ...Array.from({ length: place === 'local' ? CACHED_BUILDS : 1 }, () => 'cached' as const),
  ];
  if (scenario.changeSource) phases.push('changed');
  const builds = phases.map((phase) => async (machine: Machine) => {
    if (phase === 'changed') await scenario.changeSource?.(context);
    await requireCommand(['sync']);
    const before = loopbackBytes();
    const cache = place === 'fresh' ? { cacheRepository: options.cacheRepository } : {};
    const usage = await machine.build(context, cache);
    const movedMiB = (loopbackBytes() - before) / 2 ** 20;
    return { contender: contender.name, scenario: scenario.name, place, phase, movedMiB, ...usage };
  });
  const measurements: Measurement[] = [];
  const groups = place === 'local' ? [builds] : builds.map((build) => [build]);
  for (const group of groups) {
    const directory = join(scratch, `${contender.name}-machine`);
    await using _tmpfs = await openTmpfs(directory);
    await using machine = await contender.openMachine(directory);
    for (const build of group) measurements.push(await build(machine));
  }
  return measurements;
}

function loopbackBytes(): number {
  return Number(readFileSync('/sys/class/net/lo/statistics/rx_bytes', 'utf8'));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

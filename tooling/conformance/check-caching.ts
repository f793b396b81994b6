import { createHash } from 'node:crypto';
import { globSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { compareTrees, type FileTree } from '../src/file-tree.ts';
import type { ConformanceCase } from './case.ts';
import type { BuildOutcome } from './case-builder.ts';
import { compareObservations } from './compare.ts';
import { observe } from './observation.ts';
import { openCase } from './open-case.ts';
import type { ShaleBuilder } from './shale-builder.ts';

export interface CachingOptions {
  readonly base: FileTree;
  /** Decides which entries are removed: the same seed removes the same entries. */
  readonly seed: string;
}

/**
 * Checks that a case gives the same image cold, cached in full, and with half of the cache entries removed, and that two cold
 * reproducible builds have one digest. Returns a line for each difference.
 */
export async function checkCaching(
  conformanceCase: ConformanceCase,
  builder: ShaleBuilder,
  { base, seed }: CachingOptions,
): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'shale-caching-'));
  try {
    await using open = await openCase(conformanceCase, scratch);
    let builds = 0;
    const build = async (cache: string, flags: readonly string[] = []) => {
      const places = { context: open.context, scratch: join(scratch, `build-${++builds}`) };
      await mkdir(places.scratch);
      const folders = ['--state-dir', join(places.scratch, 'state'), '--layer-cache-dir', join(scratch, cache)];
      return builder.buildIn([...folders, ...flags], open.ready, places);
    };
    const cold = await build('cache');
    const cached = await build('cache');
    forgetHalf(join(scratch, 'cache'), `${seed} ${conformanceCase.name}`);
    const half = await build('cache');
    const twins = [await build('twin-1', ['--reproducible']), await build('twin-2', ['--reproducible'])] as const;
    return [
      ...differences('cached', cold, cached, base),
      ...differences('half cached', cold, half, base),
      ...(cached.digest === cold.digest ? [] : [`cached: digest ${cached.digest} instead of ${cold.digest}`]),
      ...(twins[0].digest === twins[1].digest
        ? []
        : [`reproducible: ${twins[0].digest} and ${twins[1].digest}`, ...timesOf(...twins)]),
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes a random half of the key files; blobs and cache mounts stay. */
function forgetHalf(cache: string, seed: string): void {
  const keys = globSync(`${cache}/**/[0-9a-f][0-9a-f]/*`).filter((path) => !/\/(?:blobs|cache-mounts)\//.test(path));
  for (const path of keys) if (isChosen(`${seed} ${relative(cache, path)}`)) rmSync(path, { recursive: true });
}

const isChosen = (text: string) => (createHash('sha256').update(text).digest()[0] ?? 0) < 0x80;

function differences(title: string, expected: BuildOutcome, actual: BuildOutcome, base: FileTree): string[] {
  if (expected.type === 'error' || actual.type === 'error') {
    return [expected, actual].flatMap((outcome) => (outcome.type === 'error' ? [`${title}: ${outcome.message}`] : []));
  }
  const [before, after] = [expected, actual].map(({ tree, config }) => observe(tree, config, base));
  return before && after ? compareObservations(before, after).map((line) => `${title}: ${line}`) : [];
}

function timesOf(first: BuildOutcome, second: BuildOutcome): string[] {
  if (first.type === 'error') return [first.message];
  if (second.type === 'error') return [second.message];
  return compareTrees(first.tree, second.tree).map((line) => `reproducible: ${line}`);
}

import type { KeyedStep } from '@shale/builder';
import type { CacheInput } from '@shale/cache';
import { type Digest, digestHex, sha256 } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { BuildJournal } from './build-journal.ts';
import { explainProbe } from './explain-missed.ts';
import type { EarlierStep } from './explain-steps.ts';
import { keepTrails } from './keep-trails.ts';
import { explainLastBuild } from './last-build.ts';

const input = (name: string, text: string): CacheInput => ({ name, hash: digestHex(sha256(text)) });

/** Two steps: a COPY of one file, and a RUN on top of it. */
function stepsFor(content: string): readonly KeyedStep[] {
  const copyKey = sha256(`copy ${content}`);
  const shared = { hit: undefined, isBypassed: false, values: () => ({ base: 'debian:13' }) };
  const info = (index: number, name: string) => ({ id: `0.${index}`, stage: 'app', index, total: 2, name });
  return [
    {
      ...shared,
      step: info(1, 'COPY a.txt /'),
      key: copyKey,
      inputs: [input('instruction', 'COPY'), input('file:a.txt', content)],
      dependsOn: [],
    },
    {
      ...shared,
      step: info(2, 'RUN make'),
      key: sha256(`run ${copyKey}`),
      inputs: [input('instruction', 'RUN'), input('parent', copyKey)],
      dependsOn: ['0.1'],
    },
  ];
}

function journalOf(steps: readonly KeyedStep[], outcome?: 'ran' | 'cached'): BuildJournal {
  const journal = new BuildJournal();
  journal.onKeyed(steps);
  const listen = journal.watch(() => {});
  if (outcome !== undefined)
    for (const { step } of steps) listen({ type: 'step.finished', step, outcome, durationMs: 1 });
  return journal;
}

describe('keepTrails()', () => {
  it('says why steps ran, and explainLastBuild() says it again', async () => {
    await using scratch = await openScratchDirectory();
    const place = { directory: scratch.path, build: '/src/Dockerfile' };
    expect(explainLastBuild(place)).toBeUndefined();
    const first = await keepTrails(journalOf(stepsFor('one'), 'ran'), place);
    expect(first.map(({ cause }) => cause.type)).toEqual(['first-build', 'first-build']);

    const second = await keepTrails(journalOf(stepsFor('two'), 'ran'), place);
    expect(second).toMatchObject([
      { cause: { type: 'file', path: 'a.txt', change: 'changed' }, follows: undefined },
      { cause: { type: 'parent-step' }, follows: { name: 'COPY a.txt /' } },
    ]);
    const last = explainLastBuild(place);
    expect(last).toMatchObject({ build: place.build, steps: 2 });
    expect(last?.misses.map(({ explanation }) => explanation.cause)).toEqual(second.map(({ cause }) => cause));
    expect(last?.misses[0]?.values).toEqual({ base: 'debian:13' });
  });

  it('remembers nothing of a build that has no results', async () => {
    await using scratch = await openScratchDirectory();
    const place = { directory: scratch.path, build: 'x' };
    expect(await keepTrails(journalOf(stepsFor('one')), place)).toEqual([]);
    expect(explainLastBuild(place)).toBeUndefined();
  });
});

describe('explainProbe()', () => {
  const entry = (key: Digest, name: string, inputs: readonly CacheInput[]): EarlierStep => ({
    step: { stage: 'app', index: 1 },
    name,
    keyword: 'COPY',
    key,
    built: new Date(0),
    inputs,
    builder: 'ci',
  });

  it('asks the caches only about steps that the trails do not know', async () => {
    await using scratch = await openScratchDirectory();
    const place = { directory: scratch.path, build: 'x' };
    let reads = 0;
    const [copy] = stepsFor('one');
    const readEntries = () => {
      reads += 1;
      return Promise.resolve(copy === undefined ? [] : [entry(copy.key, copy.step.name, copy.inputs)]);
    };
    const unknown = await explainProbe(journalOf(stepsFor('two')), { ...place, readEntries });
    expect(unknown[0]?.explanation).toMatchObject({ cause: { type: 'file' }, nearest: { builder: 'ci' } });
    await keepTrails(journalOf(stepsFor('one'), 'ran'), place);
    const known = await explainProbe(journalOf(stepsFor('two')), { ...place, readEntries });
    expect(known[0]?.explanation).toMatchObject({ cause: { type: 'file' } });
    expect(known[0]?.explanation.nearest?.builder).toBeUndefined();
    expect(reads).toBe(1);
  });

  it('fails with a cache that cannot be read, unless that was reported', async () => {
    await using scratch = await openScratchDirectory();
    const options = { directory: scratch.path, build: 'x', readEntries: () => Promise.reject(new Error('down')) };
    const journal = journalOf(stepsFor('one'));
    await expect(explainProbe(journal, options)).rejects.toThrow('down');
    journal.watch(() => {})({ type: 'cache.degraded', backend: 'registry', error: new Error('down') });
    const [explained] = await explainProbe(journal, options);
    expect(explained?.explanation.cause).toMatchObject({ type: 'unreachable', backend: 'registry' });
  });
});

it('a cached build keeps its trails without any explanation', async () => {
  await using scratch = await openScratchDirectory();
  const place = { directory: scratch.path, build: 'x' };
  expect(await keepTrails(journalOf(stepsFor('one'), 'cached'), place)).toEqual([]);
  expect(explainLastBuild(place)).toMatchObject({ misses: [] });
});

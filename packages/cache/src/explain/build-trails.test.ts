import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { madeKey } from '@shale/testing/cache-backend-contract';
import { expect, it } from 'vitest';
import { buildTrails, type TrailStep } from './build-trails.ts';
import { prune } from '../care/prune.ts';

const BUILD = '/app/Dockerfile';

const step = (text: string, index = 1): TrailStep => ({
  step: { stage: 'build', index },
  name: `RUN ${text}`,
  key: madeKey(text),
  inputs: [{ name: 'env.A', hash: text }],
  values: () => ({ 'env.A': text, long: 'x'.repeat(2000) }),
});
const texts = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name.slice(4));

/** The directory of the one build. */
async function trailOf(root: string): Promise<string> {
  const top = join(root, 'v1', 'trails');
  const [name = ''] = await readdir(top);
  return join(top, name);
}

it('append() remembers the last keys of each step, newest first', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path, { keep: 3 });
  expect(trails.read(BUILD)).toEqual([]);
  for (const text of ['a', 'b', 'a', 'c', 'd']) {
    trails.append(BUILD, [step(text)], '');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(texts(trails.read(BUILD))).toEqual(['d', 'c', 'a']);
  trails.append(BUILD, [step('d'), step('other', 2)], '');
  expect(texts(trails.read(BUILD)).sort()).toEqual(['a', 'c', 'd', 'other']);
  expect(trails.read('/other/Dockerfile')).toEqual([]);
  expect(trails.read(BUILD).find(({ name }) => name === 'RUN d')).toMatchObject({
    step: { stage: 'build', index: 1 },
    key: madeKey('d'),
    inputs: [{ name: 'env.A', hash: 'd' }],
    values: { 'env.A': 'd' },
  });
});

it('append() keeps values from others, and long ones from itself', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path);
  trails.append(BUILD, [step('a')], '');
  const directory = await trailOf(scratch.path);
  for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o077).toBe(0);
  expect(Object.keys(trails.read(BUILD)[0]?.values ?? {})).toEqual(['env.A']);
});

it('append() of the same build writes nothing but a time', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path);
  trails.append(BUILD, [step('a'), step('b', 2)], 'note');
  const directory = await trailOf(scratch.path);
  for (const name of await readdir(directory)) await utimes(join(directory, name), 1, 1);
  trails.append(BUILD, [step('a'), step('b', 2)], 'note');
  for (const name of await readdir(directory))
    expect((await stat(join(directory, name))).mtimeMs === 1000).toBe(name !== 'last');
});

it('last() is the note of a build, or of the last one', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path);
  expect(trails.last()).toBeUndefined();
  trails.append(BUILD, [step('a')], 'one');
  await utimes(join(await trailOf(scratch.path), 'last'), 1, 1);
  trails.append('/other', [step('a')], 'two');
  expect(trails.last()).toMatchObject({ build: '/other', note: 'two' });
  expect(trails.last(BUILD)).toEqual({ build: BUILD, note: 'one', ended: new Date(1000) });
});

it('a damaged trail is an empty one, and heals', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path);
  trails.append(BUILD, [step('a')], '');
  const directory = await trailOf(scratch.path);
  for (const name of await readdir(directory)) await writeFile(join(directory, name), 'damaged');
  expect(trails.read(BUILD)).toEqual([]);
  expect(trails.last(BUILD)).toBeUndefined();
  trails.append(BUILD, [step('b')], '');
  expect(texts(trails.read(BUILD))).toEqual(['b']);
});

it('a place that cannot be written remembers nothing', () => {
  const trails = buildTrails('/dev/null');
  trails.append(BUILD, [step('a')], '');
  expect(trails.read(BUILD)).toEqual([]);
});

it('prune() forgets builds that were not done for long', async () => {
  await using scratch = await openScratchDirectory();
  const trails = buildTrails(scratch.path);
  trails.append(BUILD, [step('a')], '');
  const directory = await trailOf(scratch.path);
  for (const name of await readdir(directory)) if (name !== 'last') await utimes(join(directory, name), 1, 1);
  await prune({ root: scratch.path }, { graceMs: 0 });
  expect(trails.read(BUILD)).toHaveLength(1);
  await utimes(join(directory, 'last'), 1, 1);
  await prune({ root: scratch.path });
  expect(trails.read(BUILD)).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reference } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { openLayout } from '@shale/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCase, buildOurselves } from './build-case.ts';
import { configurationCases } from './cases/index.ts';
import { placeFeatures, placeFiles } from './place-case.ts';
import { caseFolder, readOurselves } from './read-case.ts';

const goldensOf = <T>(name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')) as Record<string, T>;
const answers = goldensOf('configurations.json');
const builds = goldensOf<BuiltCase>('builds.json');

/** Without any metadata the official CLI computes the maximum of no requirements: docs/devcontainers.md lists it. */
function mended(golden: unknown): unknown {
  const { mergedConfiguration, ...rest } = golden as { mergedConfiguration: Record<string, unknown> };
  const { hostRequirements, ...merged } = mergedConfiguration;
  const isBroken = JSON.stringify(hostRequirements)?.includes('-Infinity');
  return isBroken ? { ...rest, mergedConfiguration: merged } : golden;
}

const scratch = await openScratchDirectory();
const host = 'localhost:5000';
const repository = (reference: Reference) => openLayout(join(scratch.path, 'stores', reference.repository));
const source = {
  repository,
  download: () => {
    throw new Error('No case has tarballs');
  },
};
beforeAll(() => placeFeatures({ host, repository }));
afterAll(() => scratch[Symbol.asyncDispose]());

const cases = configurationCases.map((one, index) => [one.name, one, index] as const);

describe('read as the official CLI reads it', () => {
  it.each(cases)('%s', async (name, one, index) => {
    const place = { host, repository, workspaceFolder: caseFolder(scratch.path, index) };
    await placeFiles(one, place);
    expect(await readOurselves(source, one, place)).toEqual(mended(answers[name]));
  });
});

describe('made into a Dockerfile with the label, ENV and features of the official one', () => {
  it.each(cases)('%s', async (name, one, index) => {
    const place = { host, repository, workspaceFolder: caseFolder(scratch.path, index) };
    await placeFiles(one, place);
    const built = await buildOurselves(source, one, place);
    const golden = builds[name];
    expect(built.label).toBe(golden?.label);
    expect(built.features).toEqual(golden?.features);
    // without features the official CLI leaves containerEnv to the start of the container: docs/devcontainers.md
    if (built.features.length > 0) expect(built.env).toEqual(golden?.env);
  });
});

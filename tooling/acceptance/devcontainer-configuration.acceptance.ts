import { openScratchDirectory, type ScratchDirectory } from '@shale/core/files';
import { createRegistryClient, type RegistryClient } from '@shale/registry';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { buildOfficially } from '../devcontainer/build-case.ts';
import { configurationCases } from '../devcontainer/cases/index.ts';
import { invalidCases } from '../devcontainer/cases/invalid.ts';
import { expectGolden } from '../devcontainer/golden.ts';
import { type OfficialCli, openOfficialCli } from '../devcontainer/official-cli.ts';
import { placeFeatures, placeFiles, placeImage } from '../devcontainer/place-case.ts';
import { caseFolder, readOfficially, refusedOfficially } from '../devcontainer/read-case.ts';

let scratch: ScratchDirectory;
let registry: TestRegistry;
let client: RegistryClient;
let cli: OfficialCli;
beforeAll(async () => {
  scratch = await openScratchDirectory();
  registry = await startRegistry();
  client = createRegistryClient();
  cli = await openOfficialCli();
});
afterAll(async () => {
  for (const opened of [client, cli, registry, scratch]) await opened[Symbol.asyncDispose]();
});

describe('configurations', () => {
  it('have goldens that the official CLI still gives (SHALE_RECORD=1 writes them)', async () => {
    // the official CLI speaks plain HTTP to this name only
    const host = registry.host.replace('127.0.0.1', 'localhost');
    const repository: RegistryClient['repository'] = (reference) => client.repository(reference);
    await placeFeatures({ host, repository });
    const answers: Record<string, unknown> = {};
    const builds: Record<string, unknown> = {};
    for (const [index, one] of configurationCases.entries()) {
      const place = { host, repository, workspaceFolder: caseFolder(scratch.path, index) };
      await placeFiles(one, place);
      await placeImage(one, place);
      answers[one.name] = await readOfficially(cli, one, place);
      builds[one.name] = await buildOfficially(cli, one, place);
    }
    await expectGolden('configurations.json', answers);
    await expectGolden('builds.json', builds);
  });

  it('that are invalid have the messages that the official CLI gives (SHALE_RECORD=1 writes them)', async () => {
    const host = registry.host.replace('127.0.0.1', 'localhost');
    const repository: RegistryClient['repository'] = (reference) => client.repository(reference);
    const answers: Record<string, string | null> = {};
    for (const [index, one] of invalidCases.entries()) {
      const place = { host, repository, workspaceFolder: caseFolder(join(scratch.path, 'invalid'), index) };
      await placeFiles(one, place);
      await placeImage(one, place);
      answers[one.name] = await refusedOfficially(cli, one, place);
    }
    await expectGolden('invalid-configurations.json', answers);
  });
});

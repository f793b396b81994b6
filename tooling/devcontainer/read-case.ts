import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform } from '@shale/core';
import { containerSource, dockerfileBase, findConfiguration, loadConfiguration } from '@shale/devcontainer';
import { type FeatureSource, resolveFeatures } from '@shale/devcontainer/features';
import { parseMetadataLabel, readConfiguration } from '@shale/devcontainer/metadata';
import type { ConfigurationCase } from './cases/index.ts';
import type { OfficialCli } from './official-cli.ts';
import { caseEnvironment, imageName, labelText } from './place-case.ts';

export interface ReadCaseOptions {
  readonly host: string;
  readonly workspaceFolder: string;
}

/** What the official CLI says of a case, without what differs from run to run; a failure is its message. */
export async function readOfficially(
  cli: OfficialCli,
  one: ConfigurationCase,
  { host, workspaceFolder }: ReadCaseOptions,
): Promise<unknown> {
  const flags = ['--include-merged-configuration', '--include-features-configuration'];
  const { status, stdout, stderr } = await cli.run(
    ['read-configuration', '--workspace-folder', workspaceFolder, ...flags],
    caseEnvironment(one, host),
  );
  if (status !== 0) return { error: portable(stderr, { host, workspaceFolder }) };
  const { ociAuthDiagnostics: _, ...answer } = JSON.parse(stdout) as Record<string, unknown>;
  return JSON.parse(portable(JSON.stringify(answer), { host, workspaceFolder }));
}

/** The message with which the official CLI refuses a case; `null` where it takes it. */
export async function refusedOfficially(
  cli: OfficialCli,
  one: ConfigurationCase,
  options: ReadCaseOptions,
): Promise<string | null> {
  const answer = (await readOfficially(cli, one, options)) as { error?: string };
  if (answer.error === undefined) return null;
  const lines = answer.error.split('\n').map((line) => line.replace(/^\[[^\]]*\] /, '').trim());
  const said = lines.filter((line) => !/^(@devcontainers\/cli|Start:|Stop|at |\* )/.test(line) && line !== '');
  return said.find((line) => /error|could not|not found|legacy|circular|must /i.test(line)) ?? said[0] ?? '';
}

/** The same of shale. */
export async function readOurselves(
  source: FeatureSource,
  one: ConfigurationCase,
  { host, workspaceFolder }: ReadCaseOptions,
): Promise<unknown> {
  const configurationPath = await findConfiguration(workspaceFolder, { order: 'cli' });
  const localEnv = caseEnvironment(one, host);
  const loaded = await loadConfiguration(configurationPath, { workspaceFolder, localEnv });
  const place = { configurationPath, workspaceFolder };
  const made = await containerSource(loaded.configuration, place);
  const image =
    made.type === 'dockerfile'
      ? dockerfileBase(await readFile(made.dockerfile, 'utf8'), { ...made, platform: hostPlatform() })
      : made.type === 'image' && made.image;
  const label = image === imageName(one.name, host) ? labelText(one) : undefined;
  const order = await resolveFeatures(loaded.configuration, { ...place, source });
  const answer = readConfiguration(loaded, {
    features: { order, folder: '@FEATURES' },
    base: parseMetadataLabel(label).entries,
  });
  return JSON.parse(portable(JSON.stringify(answer), { host, workspaceFolder }));
}

export function portable(text: string, { host, workspaceFolder }: ReadCaseOptions): string {
  return text
    .replaceAll(/\/[^"]*\/container-features\/[\d.]+-\d+/g, '@FEATURES')
    .replaceAll(workspaceFolder, '@WORKSPACE')
    .replaceAll(host, '@HOST');
}

/** Where a case is; every case has the same name of its folder. */
export function caseFolder(root: string, index: number): string {
  return join(root, String(index), 'app');
}

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPlatform } from '@shale/core';
import { containerSource, dockerfileBase, findConfiguration, loadConfiguration } from '@shale/devcontainer';
import { type FeatureSource, resolveFeatures } from '@shale/devcontainer/features';
import { installationPlan, type PrintedBase, printDockerfile } from '@shale/devcontainer/installation';
import { parseMetadataLabel } from '@shale/devcontainer/metadata';
import { expandWord, type Instruction, parseDockerfile } from '@shale/dockerfile-parser';
import type { ConfigurationCase } from './cases/index.ts';
import type { OfficialCli } from './official-cli.ts';
import { caseEnvironment, imageName, labelText } from './place-case.ts';
import { portable, type ReadCaseOptions } from './read-case.ts';

/** What a Dockerfile adds to an image to make it a dev container. */
export interface BuiltCase {
  readonly label: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** In the order of installation. */
  readonly features: readonly string[];
}

/** What the Dockerfile of the official CLI would build; nobody builds it. */
export async function buildOfficially(
  cli: OfficialCli,
  one: ConfigurationCase,
  options: ReadCaseOptions,
): Promise<BuiltCase> {
  const captured = join(options.workspaceFolder, 'captured.Dockerfile');
  await rm(captured, { force: true });
  const { status, stderr } = await cli.run(
    ['build', '--workspace-folder', options.workspaceFolder, '--image-name', 'built', '--no-lockfile'],
    { ...caseEnvironment(one, options.host), SHALE_CAPTURE: captured },
  );
  if (status !== 0) throw new Error(`The official CLI failed: ${stderr}`);
  return observe(portable(await readFile(captured, 'utf8'), options));
}

/** The same of the Dockerfile that shale prints. */
export async function buildOurselves(
  source: FeatureSource,
  one: ConfigurationCase,
  options: ReadCaseOptions,
): Promise<BuiltCase> {
  const { host, workspaceFolder } = options;
  const configurationPath = await findConfiguration(workspaceFolder, { order: 'cli' });
  const localEnv = caseEnvironment(one, host);
  const loaded = await loadConfiguration(configurationPath, { workspaceFolder, localEnv });
  const place = { configurationPath, workspaceFolder };
  const made = await containerSource(loaded.configuration, place);
  const text = made.type === 'dockerfile' ? await readFile(made.dockerfile, 'utf8') : '';
  const base: PrintedBase =
    made.type === 'dockerfile'
      ? { dockerfile: text, target: made.target }
      : { image: made.type === 'image' ? made.image : '' };
  const image = 'image' in base ? base.image : dockerfileBase(text, { ...made, platform: hostPlatform() });
  const label = image === imageName(one.name, host) ? labelText(one) : undefined;
  const features = await resolveFeatures(loaded.configuration, { ...place, source });
  const plan = installationPlan({ loaded, features, base: parseMetadataLabel(label).entries });
  return observe(portable(printDockerfile(base, plan), options));
}

function observe(dockerfile: string): BuiltCase {
  const stage = parseDockerfile(dockerfile).stages.find(({ name }) => name === 'dev_containers_target_stage');
  const instructions = stage?.instructions ?? [];
  const env = fold(instructions, 'ENV');
  return {
    label: fold(instructions, 'LABEL')['devcontainer.metadata'],
    env,
    features: instructions.flatMap((instruction) =>
      instruction.keyword === 'RUN'
        ? instruction.mounts.flatMap((mount) => /source=(?<name>[^,]+)/.exec(mount)?.groups?.['name'] ?? [])
        : [],
    ),
  };
}

function fold(instructions: readonly Instruction[], keyword: 'ENV' | 'LABEL'): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const instruction of instructions) {
    if (instruction.keyword !== keyword) continue;
    for (const { key, value } of instruction.pairs) values[key] = expandWord(value, (name) => values[name]).text;
  }
  return values;
}

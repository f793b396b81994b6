import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';
import { didYouMean } from '@shale/dockerfile-parser';
import { DevcontainerMissingError } from '../devcontainer-error.ts';

/**
 * Where a devcontainer.json is looked for:
 * - `specification`: `.devcontainer/devcontainer.json`, `.devcontainer.json`, `.devcontainer/NAME/devcontainer.json`.
 * - `cli`: the first two of these, as the official CLI.
 * - `envbuilder`: as the specification, with `devcontainer.json` before `.devcontainer.json`.
 */
export type SearchOrder = 'specification' | 'cli' | 'envbuilder';

export interface FindConfigurationOptions {
  /** @default 'specification' */
  readonly order?: SearchOrder | undefined;
  /** The NAME of `.devcontainer/NAME/devcontainer.json`, or a path in the folder. @default the first that is there */
  readonly name?: string | undefined;
}

const MAX_NAMED = 1000;

/** Every configuration of a workspace folder, the one that counts first; named ones in order of their names. */
export async function listConfigurations(
  folder: string,
  order: SearchOrder = 'specification',
): Promise<readonly string[]> {
  const fixed = [
    join(folder, '.devcontainer', 'devcontainer.json'),
    ...(order === 'envbuilder' ? [join(folder, 'devcontainer.json')] : []),
    join(folder, '.devcontainer.json'),
  ];
  const candidates = order === 'cli' ? fixed : [...fixed, ...(await namedConfigurations(folder))];
  const found = await Promise.all(candidates.map(isFile));
  return candidates.filter((_, index) => found[index]);
}

/**
 * The configuration to use: the named one, or the first of the search order. Several that only their names tell apart
 * need a name; envbuilder's order takes the first of them.
 * @throws {DevcontainerMissingError} with a list of what is there.
 */
export async function findConfiguration(folder: string, options: FindConfigurationOptions = {}): Promise<string> {
  const { order = 'specification', name } = options;
  const found = await listConfigurations(folder, order);
  const [first, second] = found;
  if (name !== undefined) return named(folder, found, name);
  if (first === undefined) {
    throw new DevcontainerMissingError(`${folder} has no devcontainer.json`, {
      hint: 'It belongs in .devcontainer/devcontainer.json.',
    });
  }
  if (second === undefined || order === 'envbuilder' || !isNamed(folder, first)) return first;
  throw new DevcontainerMissingError(
    `${folder} has several configurations, and none is named: ${list(folder, found)}`,
    {
      hint: 'Name one of them.',
    },
  );
}

function named(folder: string, found: readonly string[], name: string): string {
  const match = found.find((path) => configurationName(folder, path) === name || relative(folder, path) === name);
  if (match !== undefined) return match;
  const near = didYouMean(
    name,
    found.map((path) => configurationName(folder, path)).filter((known) => known !== ''),
  );
  throw new DevcontainerMissingError(`${folder} has no configuration ${JSON.stringify(name)}${near}`, {
    hint: found.length === 0 ? 'It has none at all.' : `There are: ${list(folder, found)}.`,
  });
}

/** NAME of `.devcontainer/NAME/devcontainer.json`; empty for the others. */
function configurationName(folder: string, path: string): string {
  return isNamed(folder, path) ? basename(dirname(path)) : '';
}

function isNamed(folder: string, path: string): boolean {
  return dirname(dirname(path)) === join(folder, '.devcontainer');
}

function list(folder: string, paths: readonly string[]): string {
  return paths.map((path) => configurationName(folder, path) || relative(folder, path)).join(', ');
}

async function namedConfigurations(folder: string): Promise<readonly string[]> {
  const parent = join(folder, '.devcontainer');
  const names = (await readdir(parent).catch(undefinedIfMissing)) ?? [];
  return names
    .sort()
    .slice(0, MAX_NAMED)
    .map((name) => join(parent, name, 'devcontainer.json'));
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

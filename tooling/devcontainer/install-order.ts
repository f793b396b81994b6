import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { findConfiguration, loadConfiguration } from '@shale/devcontainer';
import { type FeatureSource, resolveFeatures } from '@shale/devcontainer/features';
import type { OfficialCli } from './official-cli.ts';

/** What would be installed, in order; `undefined` where there is no order. */
export type InstallOrder = readonly InstalledFeature[] | undefined;

interface InstalledFeature {
  /** `registry/path@digest`, or as devcontainer.json has it. */
  readonly id: string;
  readonly options: unknown;
}

export async function officialInstallOrder(cli: OfficialCli, workspaceFolder: string): Promise<InstallOrder> {
  const { status, stdout, stderr } = await cli.run([
    'features',
    'resolve-dependencies',
    '--workspace-folder',
    workspaceFolder,
  ]);
  if (status === 0) {
    return (JSON.parse(stdout.slice(stdout.indexOf('\n{'))) as { installOrder: InstallOrder }).installOrder;
  }
  if (stderr.includes('No viable installation order')) return undefined;
  throw new Error(`The official CLI failed: ${stderr}`);
}

export async function ownInstallOrder(
  source: FeatureSource,
  workspaceFolder: string,
  { signal }: CallOptions = {},
): Promise<InstallOrder> {
  const configurationPath = await findConfiguration(workspaceFolder);
  const { configuration } = await loadConfiguration(configurationPath, { workspaceFolder, localEnv: {} });
  try {
    const features = await resolveFeatures(configuration, { configurationPath, workspaceFolder, source, signal });
    return features.map(({ id, options, origin }) => ({
      id: origin.type === 'oci' ? `${origin.name.resource}@${origin.manifest.digest}` : id,
      options,
    }));
  } catch (error) {
    if ((error as { code?: string }).code === 'FEATURES_CIRCULAR') return undefined;
    throw new Error(`No order for ${join(workspaceFolder, '.devcontainer')}`, { cause: error });
  }
}

/** Without digests: those hold the registry's port. Options of a feature tell its installations apart. */
export function portableOrder(order: InstallOrder): InstallOrder {
  return order?.map(({ id, options }) => ({ id: id.replace(/^[^/]+\/(.*)@.*$/, '$1'), options }));
}

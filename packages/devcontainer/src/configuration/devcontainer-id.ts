import { createHash } from 'node:crypto';

const ID_LENGTH = 52;

/** The labels by which the official tool finds a container again. */
export function devcontainerLabels(localFolder: string, configFile: string): Readonly<Record<string, string>> {
  return { 'devcontainer.local_folder': localFolder, 'devcontainer.config_file': configFile };
}

/**
 * The value of `${devcontainerId}`: the same for the same labels, whatever their order.
 * @returns 52 digits and lower case letters.
 * @see https://github.com/devcontainers/spec/blob/main/docs/specs/devcontainer-id-variable.md
 */
export function devcontainerId(labels: Readonly<Record<string, string>>): string {
  const json = JSON.stringify(labels, Object.keys(labels).sort());
  const hash = createHash('sha256').update(json).digest('hex');
  return BigInt(`0x${hash}`).toString(32).padStart(ID_LENGTH, '0');
}

import { open } from 'node:fs/promises';
import { relative } from 'node:path';
import type { CallOptions } from '@shale/core';
import type { JsonObject } from '@shale/core/json';
import { type ConfigurationIssue, DevcontainerInvalidError, DevcontainerMissingError } from '../devcontainer-error.ts';
import type { DevcontainerConfiguration } from './configuration.ts';
import { MAX_JSON_BYTES, parseJsonDocument } from './json-document.ts';
import { moveOlderProperties } from './older-properties.ts';
import { substituteLocal } from './substitute.ts';
import { validateConfiguration } from './validate-configuration.ts';
import { findGitRoot, type WorkspaceLocation, workspaceLocation } from './workspace-location.ts';

export interface LoadConfigurationOptions extends CallOptions {
  /** The folder that the dev container is for, absolute. */
  readonly workspaceFolder: string;
  /** Of this machine, for `${localEnv:NAME}`. */
  readonly localEnv: Readonly<Record<string, string | undefined>>;
  /** Mounts the root of the git repository that the folder is in, not the folder alone. @default true */
  readonly mountGitRoot?: boolean | undefined;
  /** See `LocalVariables`. @default false */
  readonly bareNames?: boolean | undefined;
}

/** A devcontainer.json as it is written, and with the variables that are known before there is a container. */
export interface LoadedConfiguration {
  /** Absolute path of the devcontainer.json. */
  readonly path: string;
  /** Older properties are moved; variables are not replaced. */
  readonly raw: DevcontainerConfiguration;
  readonly configuration: DevcontainerConfiguration;
  readonly workspace: WorkspaceLocation;
  readonly warnings: readonly ConfigurationIssue[];
  /** Replaces the same variables in other values, such as the metadata of an image. */
  readonly substitute: <T>(value: T) => T;
}

/**
 * Reads, checks and substitutes a devcontainer.json.
 * @throws {DevcontainerInvalidError} with a line for each value that cannot be used.
 * @throws {DevcontainerMissingError}
 */
export async function loadConfiguration(path: string, options: LoadConfigurationOptions): Promise<LoadedConfiguration> {
  const text = await readBounded(path);
  const { mountGitRoot = true, workspaceFolder } = options;
  const mounted = (mountGitRoot && (await findGitRoot(workspaceFolder))) || workspaceFolder;
  return parseConfiguration(text, path, { ...options, mountedFolder: mounted });
}

export interface ParseConfigurationOptions extends Omit<LoadConfigurationOptions, 'mountGitRoot' | 'signal'> {
  /** @default the workspace folder */
  readonly mountedFolder?: string | undefined;
}

/**
 * Checks and substitutes the text of a devcontainer.json.
 * @throws {DevcontainerInvalidError} with a line for each value that cannot be used.
 */
export function parseConfiguration(
  text: string,
  path: string,
  options: ParseConfigurationOptions,
): LoadedConfiguration {
  const { workspaceFolder, mountedFolder = workspaceFolder } = options;
  const document = parseJsonDocument(text, relative(workspaceFolder, path) || path);
  const { errors, warnings } = validateConfiguration(document);
  if (errors.length > 0) throw document.failure(errors);
  const raw = moveOlderProperties(document.value) as DevcontainerConfiguration & JsonObject;
  const location = workspaceLocation(raw, workspaceFolder, mountedFolder);
  const substitute = <T>(value: T): T =>
    substituteLocal(value, {
      localEnv: options.localEnv,
      localWorkspaceFolder: workspaceFolder,
      containerWorkspaceFolder: location.workspaceFolder,
      bareNames: options.bareNames,
    });
  const configuration = substitute(raw);
  const { workspaceFolder: folder, workspaceMount } = configuration;
  return {
    path,
    raw,
    configuration,
    substitute,
    warnings,
    workspace: {
      workspaceFolder: folder ?? location.workspaceFolder,
      workspaceMount: 'workspaceMount' in configuration ? workspaceMount : location.workspaceMount,
    },
  };
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path).catch((cause: unknown) => {
    throw new DevcontainerMissingError(`Cannot read ${path}`, { cause });
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_JSON_BYTES + 1));
    if (bytesRead > MAX_JSON_BYTES) {
      throw new DevcontainerInvalidError(`${path} has more than ${MAX_JSON_BYTES / 1024} KiB`, { file: path });
    }
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

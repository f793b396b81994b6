import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { repositoryName } from '@shale/workspace';
import { openStages, type Stages } from '../log/stages.ts';
import type { WorkspaceOptions } from '../options/option-table.ts';
import type { WorkspaceHost } from './workspace-host.ts';

/** One start of the program. */
export interface WorkspaceRun extends CallOptions {
  readonly options: WorkspaceOptions;
  readonly host: WorkspaceHost;
  readonly stages: Stages;
  /** The workspace folder. */
  readonly folder: string;
}

export function openRun(options: WorkspaceOptions, host: WorkspaceHost, { signal }: CallOptions): WorkspaceRun {
  return { options, host, stages: openStages(host.log), folder: workspaceFolder(options), signal };
}

/** The folder that the repository is cloned into. */
export function workspaceFolder({ workspaceFolder, workspaceBaseDir, gitUrl }: WorkspaceOptions): string {
  return workspaceFolder ?? join(workspaceBaseDir, repositoryName(gitUrl));
}

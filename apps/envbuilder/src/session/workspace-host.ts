import type { GitProgram } from '@shale/git';
import type { WorkspaceImages } from '../images/images.ts';
import type { Log } from '../log/log.ts';
import type { Environment } from '../options/read-options.ts';
import type { BuildSource } from '../source/build-source.ts';
import type { WorkspacePaths } from '../state/workspace-paths.ts';
import type { RootReplacement } from './root-replacement.ts';

/** What a run needs from the process and the machine. */
export interface WorkspaceHost {
  readonly version: string;
  /** The environment at the start of the process. */
  readonly env: Environment;
  readonly log: Log;
  readonly git: GitProgram;
  readonly images: WorkspaceImages;
  readonly rootReplacement: RootReplacement;
  readonly sources: readonly BuildSource[];
  readonly paths: WorkspacePaths;
  /** @default '/' */
  readonly root?: string | undefined;
  /** Whether the setup script may have the terminal. @default false */
  readonly isTerminal?: boolean | undefined;
}

import { posix } from 'node:path';
import type { WorkdirInstruction } from '@shale/dockerfile-parser';
import type { WorkdirAction } from '../graph/build-graph.ts';
import type { InstructionScope } from './instruction-scope.ts';
import type { StageState } from '../graph/stage-state.ts';
import { setConfig } from '../graph/stage-state.ts';

export interface PlannedWorkdir {
  readonly state: StageState;
  /** Without an action for `/`, which exists in every tree. */
  readonly step: { readonly action: WorkdirAction | undefined; readonly createdBy: string };
}

export function planWorkdir(
  state: StageState,
  instruction: WorkdirInstruction,
  { expand }: InstructionScope,
): PlannedWorkdir {
  const path = posix.resolve('/', state.config.WorkingDir ?? '/', expand.word(instruction.path));
  return {
    state: setConfig(state, { WorkingDir: path }),
    step: {
      createdBy: `WORKDIR ${path}`,
      action: path === '/' ? undefined : { type: 'workdir', path, user: state.config.User ?? '' },
    },
  };
}

/** Resolves a path against WORKDIR. Keeps a trailing slash, which says that the path is a directory; so do `.` and `/.`. */
export function absolutePath(state: StageState, path: string): string {
  const absolute = posix.resolve('/', state.config.WorkingDir ?? '/', path);
  const isDirectory = path === '' || path === '.' || path.endsWith('/') || path.endsWith('/.');
  return isDirectory && absolute !== '/' ? `${absolute}/` : absolute;
}

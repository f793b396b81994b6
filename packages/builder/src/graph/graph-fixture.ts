import type { Platform } from '@shale/core';
import { type Instruction, parseDockerfile } from '@shale/dockerfile-parser';
import type { CopyAction, GraphNode, RunAction, StepAction, StepNode, TreeSource } from './build-graph.ts';

export interface MakeStepOptions {
  readonly parent: GraphNode;
  readonly action: StepAction;
  readonly platform?: Platform | undefined;
  /** In a file named `Dockerfile`. @default no place */
  readonly line?: number | undefined;
}

/** Makes a node of a build graph as the planner does. */
export function makeStep(
  name: string,
  { parent, action, platform = parent.platform, line }: MakeStepOptions,
): StepNode {
  const place = line === undefined ? undefined : { file: 'Dockerfile', line };
  const info = { id: name, stage: 'stage-0', index: line ?? 1, total: 1, name, place };
  return { kind: 'step', info, parent, action, platform, createdBy: name, noCache: false };
}

export function runAction(command = 'true'): RunAction {
  const instruction = parseInstruction(`RUN ${command}`);
  if (instruction.keyword !== 'RUN') throw new Error(`Not a RUN: ${command}`);
  return {
    type: 'run',
    instruction,
    args: ['/bin/sh', '-c', command],
    environment: [],
    argNames: new Set(),
    hiddenEnvironment: [],
    cwd: '/',
    user: '',
    hostname: undefined,
    network: 'host',
    security: 'sandbox',
    mounts: [],
    scripts: [],
  };
}

export function copyAction(from: TreeSource): CopyAction {
  const instruction = parseInstruction('COPY . /');
  if (instruction.keyword !== 'COPY') throw new Error('Not a COPY');
  const values = { chown: undefined, chmod: undefined, checksum: undefined };
  return { type: 'copy', instruction, sources: ['.'], inline: [], destination: '/', ...values, from };
}

export function workdirAction(path: string): StepAction {
  return { type: 'workdir', path, user: '' };
}

function parseInstruction(text: string): Instruction {
  const instruction = parseDockerfile(`FROM scratch\n${text}\n`).stages[0]?.instructions[0];
  if (instruction === undefined) throw new Error(`Not an instruction: ${text}`);
  return instruction;
}

import type { Instruction, Stage } from '@shale/dockerfile-parser';
import type { BaseNode, GraphNode, HistoryLine, StepAction } from '../graph/build-graph.ts';
import type { StageState } from '../graph/stage-state.ts';
import type { Planning } from './planning.ts';

/** A stage while it is planned, instruction by instruction. */
export interface StageDraft {
  readonly stage: Stage;
  readonly planning: Planning;
  readonly base: BaseNode;
  /** Instructions that run first: they copy a named directory that replaces the base image. */
  readonly files: readonly Instruction[];
  state: StageState;
  tip: GraphNode;
  readonly history: HistoryLine[];
}

export interface PlannedStep {
  readonly action: StepAction;
  readonly createdBy: string;
}

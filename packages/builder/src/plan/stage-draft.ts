import type { Instruction, Stage } from '@shale/dockerfile-parser';
import type { BaseNode, GraphNode, HistoryLine, StepAction } from '../graph/build-graph.ts';
import type { StageState } from '../graph/stage-state.ts';
import type { Planning } from './planning.ts';

/** A stage while its instructions are folded in, one after another. */
export interface StageDraft {
  readonly stage: Stage;
  readonly planning: Planning;
  readonly base: BaseNode;
  /** Steps before those of the file: what a directory under the base's name brings. */
  readonly files: readonly Instruction[];
  state: StageState;
  tip: GraphNode;
  readonly history: HistoryLine[];
}

export interface PlannedStep {
  readonly action: StepAction;
  readonly createdBy: string;
}

import type { CallOptions } from '@shale/core';
import type { GraphNode, StepNode } from '../graph/build-graph.ts';
import type { BuildSession } from './build-session.ts';
import type { Isolation } from '../isolation/choose.ts';
import type { StepOptions } from './step-options.ts';
import type { TreeView } from '../snapshotters/snapshotter.ts';

/** What a step's work is given. */
export interface StepContext extends CallOptions {
  readonly step: StepNode;
  readonly options: StepOptions;
  readonly session: BuildSession;
  readonly isolation: Isolation;
  /** The tree to change. */
  readonly tree: string;
  /** See `RunProcessOptions`. */
  readonly onRelinked?: ((paths: ReadonlySet<string>) => void) | undefined;
  /** Opens the tree of a node that the step reads; the caller disposes it. */
  view(node: GraphNode): Promise<TreeView>;
}

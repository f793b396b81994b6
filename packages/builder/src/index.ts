export type { Executor, ProcessUser, RunProcessOptions, StepMount, StepProcess } from './executor.ts';
export type {
  CommitOptions,
  LayerCompression,
  LayerStack,
  Snapshotter,
  StackedLayer,
  TreeView,
  WorkingTree,
} from './snapshotter.ts';

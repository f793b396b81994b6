/** How steps are run and their trees kept: the ways that work here, and the interfaces of others. @module */
export type {
  Executor,
  RunProcessOptions,
  SerialExecutor,
  StepMount,
  StepProcess,
} from '../executors/executor.ts';
export type { PackingLayer, PackingStack } from '../graph/layer-stack.ts';
export { enterPrivateMounts } from '../host/private-mounts.ts';
export { runInUserNamespace, type UserNamespaceOptions, wantsUserNamespace } from '../host/user-namespace.ts';
export type { CommitOptions, Snapshotter, TreeView, WorkingTree } from '../snapshotters/snapshotter.ts';
export type { ProcessUser } from '../tree/users.ts';
export {
  chooseIsolation,
  type ChooseIsolationOptions,
  type Isolation,
  IsolationUnavailableError,
} from './choose.ts';

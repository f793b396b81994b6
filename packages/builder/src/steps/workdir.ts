import { makeDirectoryInTree } from '../copy/make-directory.ts';
import type { WorkdirAction } from '../build-graph.ts';
import { resolveUser } from '../users.ts';
import type { StepContext } from './step-context.ts';

/** Makes what is missing of the path, for the current user; what is there stays as it is. */
export function workdirStep(action: WorkdirAction, { tree }: StepContext): void {
  const { uid, gid } = resolveUser(tree, action.user);
  makeDirectoryInTree(tree, action.path, { uid, gid, mode: 0o755 });
}

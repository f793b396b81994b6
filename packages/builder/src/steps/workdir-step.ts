import { makeDirectoryInTree } from '../tree/make-directory.ts';
import type { WorkdirAction } from '../graph/build-graph.ts';
import { resolveOwner } from '../tree/users.ts';
import type { StepContext } from './step-context.ts';

/** Makes what is missing of the path, owned as by `--chown` with the current user; what is there stays as it is. */
export function workdirStep(action: WorkdirAction, { tree }: StepContext): void {
  const owner = action.user === '' ? { uid: 0, gid: 0 } : resolveOwner(tree, action.user);
  makeDirectoryInTree(tree, action.path, { ...owner, mode: 0o755 });
}

import { lchownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedUser } from '@shale/builder/root';
import { messageOf } from '@shale/core';
import { changeOwner, changeOwnerOnce } from '@shale/workspace';
import type { WorkspaceRun } from '../session/workspace-run.ts';
import { nameOf } from './target-user.ts';

export interface FolderState {
  /** The repository was cloned at this start. */
  readonly isCloned: boolean;
  /** The workspace folder was not there before. */
  readonly isFolderNew: boolean;
}

/** Makes the user the owner of a workspace that was just cloned, and of a home that belongs to another. */
export function giveFolders(run: WorkspaceRun, user: ResolvedUser, { isCloned, isFolderNew }: FolderState): void {
  const { folder, stages, host } = run;
  mkdirSync(folder, { recursive: true });
  if (user.uid === 0) return;
  if (isCloned) {
    const done = stages.start('🔄 Updating the ownership of the workspace...');
    changeOwner(folder, user);
    done('👤 Updated the ownership of the workspace!');
  } else if (isFolderNew) lchownSync(folder, user.uid, user.gid);
  if (user.home === '/' || user.home === '') return;
  try {
    const done = stages.start(`🔄 Updating ownership of ${user.home}...`);
    const changed = changeOwnerOnce(join(host.root ?? '/', user.home), user);
    done(changed ? `🏡 Updated ownership of ${user.home}!` : `🏡 ${user.home} is owned by ${nameOf(user)} already`);
  } catch (error) {
    host.log('error', `chown ${user.home}: ${messageOf(error)}`);
  }
}

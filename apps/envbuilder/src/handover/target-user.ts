import { type ResolvedUser, resolveUser } from '@shale/builder/root';
import { ShaleError } from '@shale/core';

class UserUnresolvedError extends ShaleError {
  readonly code = 'STEP_FAILED';
}

/** The user of init. A number needs no entry in passwd. @throws {UserUnresolvedError} for an unknown name */
export function targetUser(root: string, text: string): ResolvedUser {
  try {
    return resolveUser(root, text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new UserUnresolvedError(`update user: ${message}`, { cause, hint: (cause as ShaleError).hint });
  }
}

/** For messages and for TARGET_USER. */
export function nameOf({ name, uid }: ResolvedUser): string {
  return name ?? (uid === 0 ? 'root' : String(uid));
}

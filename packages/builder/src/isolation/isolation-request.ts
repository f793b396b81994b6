import { ShaleError } from '@shale/core';

export const EXECUTORS = ['namespaces', 'in-place', 'chroot', 'none'] as const;
export const SNAPSHOTTERS = ['overlay', 'copy'] as const;

/** The executor and snapshotter that were asked for; `undefined` leaves the choice open. */
export interface IsolationRequest {
  readonly executor?: (typeof EXECUTORS)[number] | undefined;
  readonly snapshotter?: (typeof SNAPSHOTTERS)[number] | undefined;
}

export class IsolationInvalidError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/**
 * Reads `auto`, an executor, a snapshotter, or one of each joined with `+`, as in `chroot+copy`.
 * @throws {IsolationInvalidError}
 */
export function parseIsolation(text: string): IsolationRequest {
  const words = text.split('+').filter((word) => word !== 'auto');
  const executor = EXECUTORS.find((name) => words.includes(name));
  const snapshotter = SNAPSHOTTERS.find((name) => words.includes(name));
  const known = [executor, snapshotter].filter((word) => word !== undefined);
  if (words.length === known.length) return { executor, snapshotter };
  throw new IsolationInvalidError(`Unknown isolation ${JSON.stringify(text)}`, {
    hint: `Write auto, ${EXECUTORS.join(', ')}, ${SNAPSHOTTERS.join(' or ')}, or one of each kind joined, as in chroot+copy.`,
  });
}

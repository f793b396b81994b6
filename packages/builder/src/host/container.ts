import { existsSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import { mountedPaths } from './mount-table.ts';

/** Changing `/` is refused here. */
export class NotInContainerError extends ShaleError {
  readonly code = 'EXECUTOR_UNAVAILABLE';
}

/** Left by Docker and by Podman. */
const MARKERS = ['/.dockerenv', '/run/.containerenv'];
/** Mounted by every engine, Kubernetes' included, so that a container has its own. No host mounts them. */
const MOUNTED_FILES = ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname'];

/**
 * Whether the root file system is a container's, which goes with it. A variable cannot claim that.
 */
export function isInContainer(): boolean {
  const mounted = mountedPaths();
  const own = MOUNTED_FILES.filter((path) => mounted.includes(path));
  return own.length === MOUNTED_FILES.length || (own.length > 0 && MARKERS.some((path) => existsSync(path)));
}

/**
 * @param what Completes the message: "cannot".
 * @throws {NotInContainerError}
 */
export function requireContainer(what: string): void {
  if (isInContainer()) return;
  throw new NotInContainerError(`${what}: this is no container, and its root file system is not changed`, {
    hint: 'Run it in a container: the engine mounts /etc/hosts, /etc/hostname and /etc/resolv.conf there.',
  });
}

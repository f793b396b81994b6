import { closeSync, openSync, readlinkSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import type { SystemCalls } from '@shale/core/linux';
import { CloneFlag, MountFlag } from '@shale/core/linux';

let isPrivate = false;

/**
 * Gives this process mounts of its own: what it mounts from now on no other process sees, and it is gone when the process
 * ends, however it ends. Call it before anything asynchronous touches a file: Node's thread pool joins the namespace only
 * if it starts afterwards.
 * @returns Whether the whole process is in a namespace of its own. If not, nothing has changed.
 * @throws an `EPERM` error without the right to mount.
 */
export async function enterPrivateMounts(calls: SystemCalls): Promise<boolean> {
  if (isPrivate) return true;
  const original = openSync('/proc/self/ns/mnt', 'r');
  try {
    calls.unshare(CloneFlag.newMount);
    calls.mount({ source: 'none', target: '/', flags: MountFlag.recursive | MountFlag.slave });
    isPrivate = (await readlink('/proc/thread-self/ns/mnt')) === readlinkSync('/proc/self/ns/mnt');
    if (!isPrivate) goBack(calls, original);
    return isPrivate;
  } finally {
    closeSync(original);
  }
}

/** `setns` starts over in the root directory. */
function goBack(calls: SystemCalls, namespace: number): void {
  const directory = process.cwd();
  calls.setns(namespace, CloneFlag.newMount);
  process.chdir(directory);
}

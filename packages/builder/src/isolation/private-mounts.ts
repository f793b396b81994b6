import { readlinkSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import type { SystemCalls } from '@shale/core/linux';
import { CloneFlag, MountFlag } from '@shale/core/linux';

/**
 * Gives this process mounts of its own: what it mounts from now on no other process sees, and it is gone when the process
 * ends, however it ends. Call it before anything asynchronous touches a file: Node's thread pool joins the namespace only
 * if it starts afterwards.
 * @returns Whether the whole process is in the new namespace. If not, start it again under `unshare -m`.
 * @throws an `EPERM` error without the right to mount.
 */
export async function enterPrivateMounts(calls: SystemCalls): Promise<boolean> {
  calls.unshare(CloneFlag.newMount);
  calls.mount({ source: 'none', target: '/', flags: MountFlag.recursive | MountFlag.slave });
  return (await readlink('/proc/thread-self/ns/mnt')) === readlinkSync('/proc/self/ns/mnt');
}

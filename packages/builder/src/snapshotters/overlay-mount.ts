import { closeSync, constants, openSync } from 'node:fs';
import type { SystemCalls } from '@shale/core/linux';
import { MountFlag } from '@shale/core/linux';

export interface OverlayMount {
  readonly target: string;
  /** From top to bottom, at least one; two without `upper`. */
  readonly lowers: readonly string[];
  readonly upper?: { readonly directory: string; readonly work: string } | undefined;
  /** Marks in attributes that a user namespace may write. */
  readonly isUserNamespace: boolean;
}

/**
 * With these on, a changed file's content or a renamed directory's would be missing from the upper directory, or inode
 * numbers would change.
 */
const PLAIN = ['redirect_dir=off', 'metacopy=off', 'index=off', 'xino=off'];
/** The first two go without saying here, and saying them is an error. */
const PLAIN_WITH_USER_XATTRS = ['userxattr', 'index=off', 'xino=off'];
/** mount(2) takes one page. */
const MAX_DATA_BYTES = 4095;

/** Directories are named through `/proc/self/fd`, so that two hundred layers fit into the options whatever their paths. */
export function mountOverlay(calls: SystemCalls, mount: OverlayMount): void {
  const fds: number[] = [];
  const named = (path: string) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    fds.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const options = [`lowerdir=${mount.lowers.map(named).join(':')}`];
    if (mount.upper !== undefined) {
      options.push(`upperdir=${named(mount.upper.directory)}`, `workdir=${named(mount.upper.work)}`);
    }
    options.push(...(mount.isUserNamespace ? PLAIN_WITH_USER_XATTRS : PLAIN));
    tryMount(calls, mount, options.join(','));
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** `volatile` spares flushing the whole disk at each unmount. Kernels before 5.10 do not know it. */
function tryMount(calls: SystemCalls, { target, lowers, upper }: OverlayMount, data: string): void {
  const volatile = upper === undefined ? '' : ',volatile';
  if (data.length + volatile.length > MAX_DATA_BYTES) throw new Error(`${lowers.length} layers are too many to mount`);
  const mount = (options: string) =>
    calls.mount({ source: 'overlay', target, type: 'overlay', flags: MountFlag.noDev, data: options });
  try {
    mount(data + volatile);
  } catch (error) {
    if (volatile === '' || (error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    mount(data);
  }
}

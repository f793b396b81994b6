import type { SystemCalls } from '@shale/core/linux';
import { MountFlag } from '@shale/core/linux';
import type { SyscallNumbers } from './syscall-number.ts';

/** The same bits in `mount(2)` and in `mount_setattr(2)`, where they are restrictions. */
type Restriction = 'readOnly' | 'noSuid' | 'noDev' | 'noExec';

const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;

/**
 * Adds restrictions to a mount and all mounts below it, and keeps those it has. Kernels before 5.12 do it for the mount
 * alone.
 * @see https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
export function restrictMount(
  calls: SystemCalls,
  numbers: SyscallNumbers,
  path: string,
  restrictions: readonly Restriction[],
): void {
  const bits = restrictions.reduce((all, name) => all | MountFlag[name], 0);
  const attributes = new BigUint64Array([BigInt(bits), 0n, 0n, 0n]);
  const bytes = new Uint8Array(attributes.buffer);
  const name = Buffer.from(`${path}\0`);
  try {
    calls.syscall(numbers.mountSetattr, AT_FDCWD, name, AT_RECURSIVE, bytes, bytes.byteLength);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSYS') throw error;
    calls.mount({ source: 'none', target: path, flags: MountFlag.remount | MountFlag.bind | bits });
  }
}

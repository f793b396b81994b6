import type { SystemCalls } from '@shale/core/linux';
import { MountFlag } from '@shale/core/linux';
import type { SyscallNumbers } from '../host/syscall-number.ts';

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
  const bits = bitsOf(restrictions);
  try {
    setAttributes(calls, numbers, path, { set: bits, clear: 0 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSYS') throw error;
    calls.mount({ source: 'none', target: path, flags: MountFlag.remount | MountFlag.bind | bits });
  }
}

/** Takes a restriction from a mount, where the kernel lets us: a user namespace keeps those that it came with. */
export function allowDevices(calls: SystemCalls, numbers: SyscallNumbers, path: string): void {
  try {
    setAttributes(calls, numbers, path, { set: 0, clear: bitsOf(['noDev']) });
  } catch (error) {
    if (!['ENOSYS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function bitsOf(restrictions: readonly Restriction[]): number {
  return restrictions.reduce((all, name) => all | MountFlag[name], 0);
}

function setAttributes(
  calls: SystemCalls,
  numbers: SyscallNumbers,
  path: string,
  { set, clear }: { readonly set: number; readonly clear: number },
): void {
  const bytes = new Uint8Array(new BigUint64Array([BigInt(set), BigInt(clear), 0n, 0n]).buffer);
  calls.syscall(numbers.mountSetattr, AT_FDCWD, Buffer.from(`${path}\0`), AT_RECURSIVE, bytes, bytes.byteLength);
}

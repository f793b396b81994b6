import type { SystemCalls } from '@shale/core/linux';
import { ProcessControl } from '@shale/core/linux';
import type { ProcessUser } from '../tree/users.ts';
import type { SyscallNumbers } from '../host/syscall-number.ts';
import { callFilter } from '../seccomp/filter.ts';

/** By number. @see https://man7.org/linux/man-pages/man7/capabilities.7.html */
const CAPABILITIES = {
  chown: 0,
  dacOverride: 1,
  fowner: 3,
  fsetid: 4,
  kill: 5,
  setgid: 6,
  setuid: 7,
  setpcap: 8,
  netBindService: 10,
  netRaw: 13,
  sysChroot: 18,
  mknod: 27,
  auditWrite: 29,
  setfcap: 31,
} as const;

/**
 * What Docker leaves to root in a container.
 * @see https://github.com/moby/moby/blob/v28.0.0/daemon/pkg/oci/caps/defaults.go
 */
export const DOCKER_CAPABILITIES: ReadonlySet<number> = new Set(Object.values(CAPABILITIES));

/** Without those by which root could leave a chroot, or open the host's disks. */
export const CHROOT_CAPABILITIES: ReadonlySet<number> = new Set(
  [...DOCKER_CAPABILITIES].filter((number) => number !== CAPABILITIES.sysChroot && number !== CAPABILITIES.mknod),
);

const HIGHEST_CAPABILITY = 63;
const CLOSE_RANGE_CLOEXEC = 4;
const KEYCTL_JOIN_SESSION_KEYRING = 1;

/** Takes all other capabilities from programs that this thread starts, as far as it may. */
export function dropCapabilities(calls: SystemCalls, kept: ReadonlySet<number>): void {
  for (let capability = 0; capability <= HIGHEST_CAPABILITY; capability += 1) {
    // EINVAL is past the kernel's last one; without CAP_SETPCAP nothing can be taken
    if (!kept.has(capability))
      tolerate(['EINVAL', 'EPERM'], () => calls.prctl(ProcessControl.capabilityDrop, capability));
  }
}

/** Makes the calling thread, and no other of the process, this user. There is no way back. */
export function becomeUser(calls: SystemCalls, numbers: SyscallNumbers, user: ProcessUser): void {
  const groups = new Uint8Array(Uint32Array.from(user.groups).buffer);
  calls.syscall(numbers.setgroups, user.groups.length, groups.byteLength === 0 ? 0 : groups);
  calls.syscall(numbers.setresgid, user.gid, user.gid, user.gid);
  calls.syscall(numbers.setresuid, user.uid, user.uid, user.uid);
}

/** No descriptor but those that `spawn` is given reaches a program: also none that this process got from its parent. */
export function closeInheritedFiles(calls: SystemCalls, numbers: SyscallNumbers): void {
  tolerate(['ENOSYS', 'EINVAL'], () => calls.syscall(numbers.closeRange, 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC));
}

/** The builder's kernel keys stay out of reach. */
export function leaveKeyring(calls: SystemCalls, numbers: SyscallNumbers): void {
  tolerate(['ENOSYS', 'EPERM', 'EDQUOT'], () => calls.syscall(numbers.keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0));
}

/**
 * Refuses the system calls that Docker refuses, for the calling thread and what it starts. Without CAP_SYS_ADMIN the kernel
 * asks for no_new_privs, which breaks `sudo` in the step: then the container's own filter is the only one.
 */
export function filterCalls(calls: SystemCalls, capabilities: ReadonlySet<number>): void {
  const filter = callFilter(process.arch, capabilities);
  if (filter !== undefined) tolerate(['EACCES', 'EINVAL', 'ENOSYS'], () => calls.seccomp(filter));
}

function tolerate(codes: readonly string[], call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** By number. @see https://man7.org/linux/man-pages/man2/getrlimit.2.html */
const Limit = { openFiles: 7, messageQueues: 12 } as const;
/** Linux's own default: Node raises the limit for itself, and some programs close every descriptor up to it. */
const OPEN_FILES = 1024;

/**
 * Runs `work`, which starts a program, with the limit on open files that programs expect, and marked by `tag`.
 * @see newStepTag
 */
export function withStepLimits<T>(
  calls: SystemCalls,
  numbers: SyscallNumbers,
  tag: number | undefined,
  work: () => T,
): T {
  const tagged = () => (tag === undefined ? work() : withLimit(calls, numbers, Limit.messageQueues, tag, work));
  return withLimit(calls, numbers, Limit.openFiles, OPEN_FILES, tagged);
}

/** Lowers a soft limit of the whole process, for a moment: programs take it from their parent. */
function withLimit<T>(calls: SystemCalls, numbers: SyscallNumbers, limit: number, most: number, work: () => T): T {
  const ours = new BigUint64Array(2);
  calls.syscall(numbers.prlimit64, 0, limit, 0, new Uint8Array(ours.buffer));
  const [soft = 0n, hard = 0n] = ours;
  const lowered = new BigUint64Array([soft < BigInt(most) ? soft : BigInt(most), hard]);
  calls.syscall(numbers.prlimit64, 0, limit, new Uint8Array(lowered.buffer), 0);
  try {
    return work();
  } finally {
    calls.syscall(numbers.prlimit64, 0, limit, new Uint8Array(ours.buffer), 0);
  }
}

import type { SystemCalls } from '@shale/core/linux';
import { ProcessControl } from '@shale/core/linux';
import type { ProcessUser } from '../executor.ts';
import type { SyscallNumbers } from './syscall-number.ts';

/**
 * What Docker leaves to root in a container.
 * @see https://github.com/moby/moby/blob/v28.0.0/daemon/pkg/oci/caps/defaults.go
 */
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

const KEPT: ReadonlySet<number> = new Set(Object.values(CAPABILITIES));
const HIGHEST_CAPABILITY = 63;
const CLOSE_RANGE_CLOEXEC = 4;
const KEYCTL_JOIN_SESSION_KEYRING = 1;

/** Takes from programs that this thread starts what Docker takes: all capabilities but its fourteen. */
export function dropCapabilities(calls: SystemCalls): void {
  for (let capability = 0; capability <= HIGHEST_CAPABILITY; capability += 1) {
    if (KEPT.has(capability)) continue;
    try {
      calls.prctl(ProcessControl.capabilityDrop, capability);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return; // past the kernel's last one
      throw error;
    }
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

function tolerate(codes: readonly string[], call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const RLIMIT_NOFILE = 7;
/** Linux's own default: Node raises the limit for itself, and some programs close every descriptor up to it. */
const OPEN_FILES = 1024n;

/** Runs `work` with the limit on open files that programs expect to start with. */
export function withUsualFileLimit<T>(calls: SystemCalls, numbers: SyscallNumbers, work: () => T): T {
  const ours = new BigUint64Array(2);
  calls.syscall(numbers.prlimit64, 0, RLIMIT_NOFILE, 0, new Uint8Array(ours.buffer));
  const [soft = 0n, hard = 0n] = ours;
  const usual = new BigUint64Array([soft < OPEN_FILES ? soft : OPEN_FILES, hard]);
  calls.syscall(numbers.prlimit64, 0, RLIMIT_NOFILE, new Uint8Array(usual.buffer), 0);
  try {
    return work();
  } finally {
    calls.syscall(numbers.prlimit64, 0, RLIMIT_NOFILE, new Uint8Array(ours.buffer), 0);
  }
}

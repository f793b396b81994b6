/** Numbers of calls that are the same on every architecture. @see https://man7.org/linux/man-pages/man2/syscalls.2.html */
const COMMON = { closeRange: 436, mountSetattr: 442 } as const;

const BY_ARCHITECTURE = {
  x64: {
    ioctl: 16,
    socket: 41,
    wait4: 61,
    umask: 95,
    setgroups: 116,
    setresuid: 117,
    setresgid: 119,
    keyctl: 250,
    pipe2: 293,
    prlimit64: 302,
  },
  arm64: {
    ioctl: 29,
    pipe2: 59,
    setresuid: 147,
    setresgid: 149,
    setgroups: 159,
    umask: 166,
    socket: 198,
    keyctl: 219,
    wait4: 260,
    prlimit64: 261,
  },
} as const;

export type SyscallNumbers = typeof COMMON & Readonly<Record<keyof typeof BY_ARCHITECTURE.x64, number>>;

/** `undefined` on an architecture that is not known. */
export function syscallNumbers(architecture: string = process.arch): SyscallNumbers | undefined {
  const own = BY_ARCHITECTURE[architecture as keyof typeof BY_ARCHITECTURE];
  return own && { ...COMMON, ...own };
}

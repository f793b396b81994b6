import type { DynamicLibrary } from 'node:ffi';
import { getBuiltinModule, platform } from 'node:process';
import { getSystemErrorName } from 'node:util';

/** A path as the kernel takes it: bytes where the name is not UTF-8. */
export type SystemPath = string | Uint8Array;

/**
 * The Linux calls that Node has no function for, made synchronously and on the calling thread. Each throws an `Error`
 * whose `code` is the kernel's name for the failure (`EPERM`), as `node:fs` does.
 */
export interface SystemCalls {
  mount(mount: MountArguments): void;
  umount(target: SystemPath, flags?: number): void;
  /** Affects the calling thread only: a process does this before it starts any other thread's work. */
  unshare(flags: number): void;
  setns(fd: number, type: number): void;
  chroot(path: SystemPath): void;
  /** Unlike `process.chdir()`, this works in a worker too. */
  chdir(path: SystemPath): void;
  pivotRoot(newRoot: SystemPath, putOld: SystemPath): void;
  sethostname(name: string): void;
  prctl(option: number, ...args: readonly number[]): number;
  /**
   * Filters the system calls of the calling thread and of what it starts. It cannot be taken back. Needs CAP_SYS_ADMIN or
   * no_new_privs.
   * @param program `struct sock_filter[]`
   */
  seccomp(program: Uint8Array): void;
  flock(fd: number, operation: number): void;
  /** `mode` holds type and permission bits; the process's umask applies. */
  mknod(path: SystemPath, mode: number, device?: { readonly major: number; readonly minor: number }): void;
  /** `undefined` when the file has no such attribute. Never follows a symlink. */
  lgetxattr(path: SystemPath, name: string): Uint8Array | undefined;
  llistxattr(path: SystemPath): readonly string[];
  /** The same for an open file, three times as fast. */
  flistxattr(fd: number): readonly string[];
  lsetxattr(path: SystemPath, name: string, value: Uint8Array): void;
  lremovexattr(path: SystemPath, name: string): void;
  /** Sets the modification and access time to the nanosecond. Never follows a symlink. */
  lutimens(path: SystemPath, seconds: number, nanoseconds: number): void;
  /** The same for an open file, three times as fast. */
  futimens(fd: number, seconds: number, nanoseconds: number): void;
  /** Any other call, by its number on this architecture. Arguments are integers or memory that outlives the call. */
  syscall(number: number, ...args: readonly (number | bigint | Uint8Array)[]): bigint;
}

export interface MountArguments {
  readonly source: SystemPath;
  readonly target: SystemPath;
  /** As in `overlay`; unused when binding, moving or changing propagation. */
  readonly type?: string | undefined;
  /** `MountFlag` values, or-ed. */
  readonly flags?: number | undefined;
  /** Options of the file system, as in `lowerdir=a:b,upperdir=c`. At most one page. */
  readonly data?: string | undefined;
}

const ERRNO_LOCATION = '__errno_location';
const SYMBOLS = {
  mount: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'pointer'] },
  umount2: { return: 'i32', arguments: ['pointer', 'i32'] },
  unshare: { return: 'i32', arguments: ['i32'] },
  setns: { return: 'i32', arguments: ['i32', 'i32'] },
  chroot: { return: 'i32', arguments: ['pointer'] },
  chdir: { return: 'i32', arguments: ['pointer'] },
  sethostname: { return: 'i32', arguments: ['pointer', 'u64'] },
  prctl: { return: 'i32', arguments: ['i32', 'u64', 'u64', 'u64', 'u64'] },
  flock: { return: 'i32', arguments: ['i32', 'i32'] },
  mknod: { return: 'i32', arguments: ['pointer', 'u32', 'u64'] },
  lgetxattr: { return: 'i64', arguments: ['pointer', 'pointer', 'u64', 'u64'] },
  llistxattr: { return: 'i64', arguments: ['pointer', 'u64', 'u64'] },
  flistxattr: { return: 'i64', arguments: ['i32', 'u64', 'u64'] },
  lsetxattr: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'u64', 'i32'] },
  lremovexattr: { return: 'i32', arguments: ['pointer', 'pointer'] },
  futimens: { return: 'i32', arguments: ['i32', 'pointer'] },
  utimensat: { return: 'i32', arguments: ['i32', 'pointer', 'pointer', 'i32'] },
  syscall: { return: 'i64', arguments: ['i64', 'u64', 'u64', 'u64', 'u64', 'u64', 'u64'] },
  [ERRNO_LOCATION]: { return: 'pointer', arguments: [] },
} as const;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** The largest value, and the largest list of names, that the kernel returns. */
const MAX_XATTR_BYTES = 65_536;
const XATTR_BYTES = BigInt(MAX_XATTR_BYTES);
/** Tried first: most files have few names, and the kernel allocates as many bytes as a call asks for. */
const FEW_NAMES_BYTES = 256n;
const NO_NAMES: readonly string[] = [];
const EINVAL = 22;
const ERANGE = 34;
const ENODATA = 61;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2n;
const FILTER_INSTRUCTION_BYTES = 8;
const FILTER_HEADER_BYTES = 16;
const FILTER_POINTER_OFFSET = 8;
const PIVOT_ROOT: Readonly<Record<string, number>> = { x64: 155, arm64: 41 };

/**
 * Binds the calls through `node:ffi`. Returns `undefined` on other systems than Linux, and for a Node without
 * `node:ffi`. Node prints an experimental warning on first use; programs silence it with
 * `--disable-warning=ExperimentalWarning`.
 */
export function loadSystemCalls(): SystemCalls | undefined {
  if (platform !== 'linux') return undefined;
  const ffi = getBuiltinModule('node:ffi') as typeof import('node:ffi') | undefined;
  if (ffi === undefined) return undefined;
  try {
    return bindSystemCalls(ffi);
  } catch {
    return undefined; // a C library without one of the symbols, or FFI forbidden by Node's permission model
  }
}

function bindSystemCalls(ffi: typeof import('node:ffi')): SystemCalls {
  const libc = bindWhenUsed(ffi.dlopen(null).lib);
  const errnoAddress = libc[ERRNO_LOCATION](); // of this thread, for its life
  const errno = () => ffi.getInt32(errnoAddress);
  const check: Check = (result, call, subject) => {
    if (Number(result) === -1) throw systemError(errno(), call, subject);
  };
  return {
    ...processCalls(libc, check),
    ...attributeCalls(ffi, { libc, check, errno }),
    ...timeCalls(libc, check),
    mount({ source, target, type, flags = 0, data }) {
      const result = libc.mount(
        cString(source),
        cString(target),
        type === undefined ? null : cString(type),
        BigInt(flags),
        data === undefined ? null : cString(data),
      );
      check(result, 'mount', target);
    },
    umount: (target, flags = 0) => check(libc.umount2(cString(target), flags), 'umount2', target),
    pivotRoot(newRoot, putOld) {
      const number = PIVOT_ROOT[process.arch];
      if (number === undefined) throw new Error(`pivot_root has no known number on ${process.arch}`);
      this.syscall(number, terminated(newRoot), terminated(putOld));
    },
    seccomp(program) {
      const header = Buffer.alloc(FILTER_HEADER_BYTES); // struct sock_fprog
      header.writeUInt16LE(program.byteLength / FILTER_INSTRUCTION_BYTES);
      header.writeBigUInt64LE(ffi.getRawPointer(program), FILTER_POINTER_OFFSET);
      check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ffi.getRawPointer(header), 0n, 0n), 'seccomp');
    },
    flock: (fd, operation) => check(libc.flock(fd, operation), 'flock'),
    mknod: (path, mode, device) =>
      check(libc.mknod(cString(path), mode, device ? deviceNumber(device.major, device.minor) : 0n), 'mknod', path),
    syscall(number, ...args) {
      const words = Array.from({ length: 6 }, (_, index) => toWord(ffi, args[index] ?? 0));
      const [a, b, c, d, e, f] = words as [bigint, bigint, bigint, bigint, bigint, bigint];
      const result = libc.syscall(BigInt(number), a, b, c, d, e, f);
      check(result, `syscall ${number}`);
      return result;
    },
  };
}

/** @throws {Error} when a call returned -1 */
type Check = (result: number | bigint, call: string, subject?: SystemPath) => void;

function processCalls(
  libc: Libc,
  check: Check,
): Pick<SystemCalls, 'unshare' | 'setns' | 'chroot' | 'chdir' | 'sethostname' | 'prctl'> {
  return {
    unshare: (flags) => check(libc.unshare(flags), 'unshare'),
    setns: (fd, type) => check(libc.setns(fd, type), 'setns'),
    chroot: (path) => check(libc.chroot(cString(path)), 'chroot', path),
    chdir: (path) => check(libc.chdir(cString(path)), 'chdir', path),
    sethostname: (name) => check(libc.sethostname(cString(name), BigInt(Buffer.byteLength(name))), 'sethostname', name),
    prctl(option, ...args) {
      const [a = 0, b = 0, c = 0, d = 0] = args;
      const result = libc.prctl(option, BigInt(a), BigInt(b), BigInt(c), BigInt(d));
      check(result, 'prctl');
      return result;
    },
  };
}

function attributeCalls(
  ffi: typeof import('node:ffi'),
  { libc, check, errno }: { readonly libc: Libc; readonly check: Check; readonly errno: () => number },
): Pick<SystemCalls, 'lgetxattr' | 'llistxattr' | 'flistxattr' | 'lsetxattr' | 'lremovexattr'> {
  const values = Buffer.allocUnsafeSlow(MAX_XATTR_BYTES);
  const valuesAddress = ffi.getRawPointer(values);
  const isTooShort = (length: bigint) => length === -1n && errno() === ERANGE;
  return {
    lgetxattr(path, name) {
      const length = libc.lgetxattr(cString(path), cString(name), valuesAddress, XATTR_BYTES);
      if (length === -1n && errno() === ENODATA) return undefined;
      check(length, 'lgetxattr', path);
      return Uint8Array.from(values.subarray(0, Number(length)));
    },
    llistxattr(path) {
      let length = libc.llistxattr(cString(path), valuesAddress, FEW_NAMES_BYTES);
      if (isTooShort(length)) length = libc.llistxattr(cString(path), valuesAddress, XATTR_BYTES);
      check(length, 'llistxattr', path);
      return splitNames(values, Number(length));
    },
    flistxattr(fd) {
      let length = libc.flistxattr(fd, valuesAddress, FEW_NAMES_BYTES);
      if (isTooShort(length)) length = libc.flistxattr(fd, valuesAddress, XATTR_BYTES);
      check(length, 'flistxattr');
      return splitNames(values, Number(length));
    },
    lsetxattr: (path, name, value) =>
      check(
        libc.lsetxattr(cString(path), cString(name), notEmpty(value), BigInt(value.byteLength), 0),
        'lsetxattr',
        path,
      ),
    lremovexattr: (path, name) => check(libc.lremovexattr(cString(path), cString(name)), 'lremovexattr', path),
  };
}

function timeCalls(libc: Libc, check: Check): Pick<SystemCalls, 'lutimens' | 'futimens'> {
  const times = new BigInt64Array(4);
  const setBothTimes = (seconds: number, nanoseconds: number) => {
    times[0] = times[2] = BigInt(seconds);
    times[1] = times[3] = BigInt(nanoseconds);
  };
  return {
    lutimens(path, seconds, nanoseconds) {
      setBothTimes(seconds, nanoseconds);
      check(libc.utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW), 'utimensat', path);
    },
    futimens(fd, seconds, nanoseconds) {
      setBothTimes(seconds, nanoseconds);
      check(libc.futimens(fd, times), 'futimens');
    },
  };
}

type Libc = ReturnType<typeof import('node:ffi').dlopen<typeof SYMBOLS>>['functions'];

/** Binding a symbol costs as much as a hundred calls, and most processes make few of them. */
function bindWhenUsed(library: DynamicLibrary): Libc {
  const libc = {};
  for (const [name, signature] of Object.entries(SYMBOLS)) {
    const get = () => {
      const value = library.getFunction(name, signature);
      Object.defineProperty(libc, name, { value });
      return value;
    };
    Object.defineProperty(libc, name, { configurable: true, get });
  }
  return libc as Libc;
}

const splitNames = (buffer: Buffer, length: number) =>
  length === 0 ? NO_NAMES : buffer.toString('utf8', 0, length - 1).split('\0');

/** Node converts strings faster than a Buffer does. Bytes need a terminator. */
function cString(path: SystemPath): string | Buffer {
  if (typeof path !== 'string') return terminated(path);
  if (path.includes('\0')) throw systemError(EINVAL, 'a name with a NUL', path);
  return path;
}

const terminated = (path: SystemPath) => Buffer.concat([typeof path === 'string' ? Buffer.from(path) : path, ZERO]);
const ZERO = Buffer.alloc(1);
const notEmpty = (value: Uint8Array) => (value.byteLength === 0 ? ZERO : value);

function toWord(ffi: typeof import('node:ffi'), value: number | bigint | Uint8Array): bigint {
  if (typeof value === 'object') return ffi.getRawPointer(value);
  return BigInt.asUintN(64, BigInt(value));
}

/** glibc's `makedev`. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

function systemError(errno: number, call: string, subject: SystemPath | undefined): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const place = subject === undefined ? '' : ` '${typeof subject === 'string' ? subject : Buffer.from(subject)}'`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${call}${place}`);
  return Object.assign(error, { code, errno: -errno, syscall: call });
}

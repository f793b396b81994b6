import { lutimesSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import type { SystemCalls, SystemPath } from '../linux/system-calls.ts';
import { loadSystemCalls } from '../linux/system-calls.ts';
import { decodePath } from './path-bytes.ts';

/** File-system calls that archives need and `node:fs` lacks. None follows a symlink. */
export interface FileSystemCalls {
  /**
   * All extended attributes that this process may read; empty where the file system has none. An open `fd` is faster.
   */
  getXattrs(path: SystemPath, fd?: number): ReadonlyMap<string, Uint8Array>;
  setXattr(path: SystemPath, name: string, value: Uint8Array): void;
  /** Makes a device or fifo; `mode` holds type and permission bits. */
  makeNode(path: SystemPath, mode: number, major: number, minor: number): void;
  /** Sets modification and access time, as exactly as this implementation can. An `fd` open for writing is faster. */
  setTimes(path: SystemPath, seconds: number, nanoseconds: number, fd?: number): void;
}

let shared: FileSystemCalls | undefined;

/** The best implementation of this machine: system calls, else the programs of `attr` and `coreutils`. Loaded once. */
export function fileSystemCalls(): FileSystemCalls {
  if (shared === undefined) {
    const calls = loadSystemCalls();
    shared = calls ? directCalls(calls) : spawnedCalls();
  }
  return shared;
}

const NO_ATTRIBUTES: ReadonlyMap<string, Uint8Array> = new Map();
const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

export function directCalls(calls: SystemCalls): FileSystemCalls {
  return {
    getXattrs(path, fd) {
      const names = listAttributes(calls, path, fd);
      if (names.length === 0) return NO_ATTRIBUTES;
      const found = names.map((name) => [name, calls.lgetxattr(path, name)] as const);
      return new Map(found.filter((pair): pair is readonly [string, Uint8Array] => pair[1] !== undefined));
    },
    setXattr: (path, name, value) => calls.lsetxattr(path, name, value),
    makeNode: (path, mode, major, minor) => calls.mknod(path, mode, { major, minor }),
    setTimes(path, seconds, nanoseconds, fd) {
      if (fd !== undefined) calls.futimens(fd, seconds, nanoseconds);
      else if (nanoseconds === 0) lutimesSync(path as string | Buffer, seconds, seconds);
      else calls.lutimens(path, seconds, nanoseconds);
    },
  };
}

function listAttributes(calls: SystemCalls, path: SystemPath, fd: number | undefined): readonly string[] {
  try {
    return fd === undefined ? calls.llistxattr(path) : calls.flistxattr(fd);
  } catch (error) {
    if (UNSUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/**
 * For a Node without `node:ffi`: starts one process for each call. Times are rounded to what a double holds (about
 * 200 ns), and attributes are not read without `getfattr`.
 */
export function spawnedCalls(): FileSystemCalls {
  let hasGetfattr = true;
  return {
    getXattrs(path) {
      if (!hasGetfattr) return NO_ATTRIBUTES;
      const { stdout, error } = spawnSync('getfattr', [...GETFATTR_FLAGS, argument(path)]);
      if (error !== undefined) hasGetfattr = false;
      return error === undefined ? parseGetfattr(stdout) : NO_ATTRIBUTES;
    },
    setXattr: (path, name, value) =>
      run('setfattr', ['-h', '-n', name, '-v', `0x${Buffer.from(value).toString('hex')}`, '--', argument(path)]),
    makeNode(path, mode, major, minor) {
      const kind = { 0o010000: 'p', 0o020000: 'c', 0o060000: 'b' }[mode & 0o170000] ?? 'p';
      const numbers = kind === 'p' ? [] : [String(major), String(minor)];
      run('mknod', ['-m', (mode & 0o7777).toString(8), '--', argument(path), kind, ...numbers]);
    },
    setTimes(path, seconds, nanoseconds) {
      const time = seconds + nanoseconds / 1_000_000_000;
      lutimesSync(path as string | Buffer, time, time);
    },
  };
}

const GETFATTR_FLAGS = ['--absolute-names', '-h', '-d', '-m', '-', '-e', 'hex', '--'];

/** Node passes arguments as UTF-8 only. */
function argument(path: SystemPath): string {
  const text = typeof path === 'string' ? path : decodePath(Buffer.from(path));
  if (text.isWellFormed()) return text;
  throw systemError('EILSEQ', `${JSON.stringify(text)} cannot be passed to a program`);
}

function parseGetfattr(output: Buffer): ReadonlyMap<string, Uint8Array> {
  const lines = output.toString('latin1').split('\n');
  const pairs = lines.flatMap((line) => {
    const [, name, hex] = /^([^#][^=]*)=0x([0-9a-f]*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, Buffer.from(hex ?? '', 'hex')] as const];
  });
  return new Map(pairs);
}

function run(program: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, args, { env: { LC_ALL: 'C', PATH: SYSTEM_PATH } });
  if (error !== undefined) throw error;
  if (status === 0) return;
  const message = stderr.toString().trim();
  const code = /not permitted/i.test(message) ? 'EPERM' : /not supported/i.test(message) ? 'ENOTSUP' : 'EIO';
  throw systemError(code, message);
}

/** Programs of the host's system directories, never of the tree that is being built. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

function systemError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

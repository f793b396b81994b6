import { closeSync, constants, fchownSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { SystemCalls } from '@shale/core/linux';
import type { ProcessUser } from '../tree/users.ts';
import type { SyscallNumbers } from '../host/syscall-number.ts';

const O_CLOEXEC = 0o2000000;

/**
 * A pipe for a program's output. Node's own are sockets, which `/dev/stdout` cannot open; and the pipe belongs to the
 * user, so that `/dev/stdout` can be opened by others than root.
 */
export interface OutputPipe {
  readonly reader: Socket;
  /** For `stdio`. Close it once the program has it. */
  readonly writeFd: number;
}

export function openOutputPipe(calls: SystemCalls, numbers: SyscallNumbers, { uid, gid }: ProcessUser): OutputPipe {
  const fds = new Int32Array(2);
  calls.syscall(numbers.pipe2, new Uint8Array(fds.buffer), O_CLOEXEC);
  const [readFd = -1, writeFd = -1] = fds;
  try {
    fchownSync(writeFd, uid, gid);
    return { reader: readerOf(readFd), writeFd };
  } catch (error) {
    closeSync(readFd);
    closeSync(writeFd);
    throw error;
  }
}

/** The same through a pipe that has a name. */
export function openNamedPipe(path: string): OutputPipe {
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  return { reader: readerOf(readFd), writeFd: openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW) };
}

const readerOf = (fd: number) => new Socket({ fd, readable: true, writable: false });

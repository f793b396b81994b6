import { closeSync } from 'node:fs';
import type { SystemCalls } from '@shale/core/linux';
import type { SyscallNumbers } from '../host/syscall-number.ts';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const INTERFACE_REQUEST_BYTES = 40;
const FLAGS_OFFSET = 16;

/** Brings `lo` up, which is down in a new network namespace. @see https://man7.org/linux/man-pages/man7/netdevice.7.html */
export function raiseLoopback(calls: SystemCalls, numbers: SyscallNumbers): void {
  const request = Buffer.alloc(INTERFACE_REQUEST_BYTES);
  request.write('lo');
  request.writeInt16LE(IFF_UP, FLAGS_OFFSET);
  const socket = Number(calls.syscall(numbers.socket, AF_INET, SOCK_DGRAM_CLOEXEC, 0));
  try {
    calls.syscall(numbers.ioctl, socket, SIOCSIFFLAGS, request);
  } finally {
    closeSync(socket);
  }
}

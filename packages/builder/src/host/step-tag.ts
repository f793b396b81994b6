import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { SystemCalls } from '@shale/core/linux';
import type { SyscallNumbers } from './syscall-number.ts';

/** Linux's own limit for POSIX message queues, in bytes. */
const USUAL_BYTES = 819_200;
const LIMIT_LINE = /^Max msgqueue size\s+(\S+)\s+(\S+)/m;
/** A program that forks as fast as it is killed is given up on after so many rounds. */
const MAX_ROUNDS = 100;

/**
 * Marks a step's processes where no pid namespace holds them: an odd limit for message queues, which every child inherits
 * and everybody may read. `undefined` where the limit leaves no choice.
 */
export function newStepTag(): number | undefined {
  const [, , hard = '0'] = LIMIT_LINE.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const most = hard === 'unlimited' ? USUAL_BYTES : Math.min(Number(hard), USUAL_BYTES);
  return most > 1 ? randomInt(1, most) : undefined;
}

/** Kills every process that has the tag. */
export function killTagged(tag: number): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && hasTag(entry, tag));
    if (pids.length === 0) return;
    for (const pid of pids) kill(Number(pid));
  }
}

const WNOHANG = 1;

/** Takes notice of the dead that have the tag and whose parent is this process: where it is process 1, those of all orphans. */
export function reapTagged(calls: SystemCalls, numbers: SyscallNumbers, tag: number): void {
  const dead = readdirSync('/proc').filter(
    (entry) => /^\d+$/.test(entry) && isMarked(entry, tag) && isOwnZombie(entry),
  );
  for (const pid of dead) {
    try {
      calls.syscall(numbers.wait4, Number(pid), 0, WNOHANG, 0);
    } catch {
      // somebody else did
    }
  }
}

function isOwnZombie(pid: string): boolean {
  const [, parent] = /\) Z (\d+) /.exec(readProcess(pid, 'stat')) ?? [];
  return parent === String(process.pid);
}

function hasTag(pid: string, tag: number): boolean {
  return isMarked(pid, tag) && !isZombie(pid);
}

function isMarked(pid: string, tag: number): boolean {
  const [, soft] = LIMIT_LINE.exec(readProcess(pid, 'limits')) ?? [];
  return soft === String(tag);
}

/** Dead already, and waits for its parent to take notice. */
function isZombie(pid: string): boolean {
  const status = readProcess(pid, 'stat');
  return status === '' || /\) [ZX] /.test(status);
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // it ended just now
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended just now
  }
}

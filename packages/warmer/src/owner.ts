import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';
import { sha256 } from '@shale/core';

/** The start of a name without an owner. */
export const FREE = 'free-';

/** Identifies a space of process numbers: containers of one machine may share its host name, but not its processes. */
const MACHINE = sha256(`${hostname()} ${processNamespace()}`).slice(7, 19);

/** A unique file name whose first two parts identify this process. */
export function ownedName(): string {
  return `${MACHINE}-${pid}-${randomBytes(6).toString('hex')}`;
}

/** Whether the name belongs to a process of this machine that ended. Nothing is known about other machines. */
export function isOrphan(name: string): boolean {
  const [machine, owner] = name.split('-');
  return machine === MACHINE && owner !== undefined && !isAlive(Number(owner));
}

function isAlive(process: number): boolean {
  try {
    kill(process, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

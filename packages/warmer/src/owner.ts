import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';
import { sha256 } from '@shale/core';

/** Begins the name of what nobody owns any more. */
export const FREE = 'free-';

/** Where process numbers mean the same: containers of one machine may share its name and not its processes. */
const MACHINE = sha256(`${hostname()} ${processNamespace()}`).slice(7, 19);

/** Who made a file: the first two parts of its name. */
export function ownedName(): string {
  return `${MACHINE}-${pid}-${randomBytes(6).toString('hex')}`;
}

/** Whether the name is of a process of this machine that is gone; those of other machines are not known. */
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

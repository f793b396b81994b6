import { readdirSync, readlinkSync } from 'node:fs';

/** A program that forks as fast as it is killed is given up on after so many rounds. */
const MAX_ROUNDS = 100;

/** Kills every process in a mount namespace, by the name that `/proc/<pid>/ns/mnt` shows. */
export function killMountNamespace(name: string): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && namespaceOf(entry) === name);
    if (pids.length === 0) return;
    for (const pid of pids) kill(Number(pid));
  }
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined; // it ended, or is not ours to see
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended just now
  }
}

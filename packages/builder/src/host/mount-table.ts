import { readFileSync } from 'node:fs';

const TARGET_FIELD = 4;
const ESCAPE = /\\([0-7]{3})/g;

/**
 * Where something is mounted over the root that this process has, without the root itself.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function mountedPaths(table: string = readFileSync('/proc/self/mountinfo', 'utf8')): readonly string[] {
  const targets = table
    .split('\n')
    .map((line) => line.split(' ')[TARGET_FIELD])
    .filter((target) => target !== undefined && target !== '/')
    .map((target) =>
      (target as string).replace(ESCAPE, (_, digits: string) => String.fromCharCode(Number(`0o${digits}`))),
    );
  return [...new Set(targets)];
}

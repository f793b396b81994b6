import { lstatSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Moves each entry, `.git` last: without it the directory has no repository. */
export function moveInto(from: string, to: string): void {
  const names = readdirSync(from).filter((name) => name !== '.git');
  for (const name of names) moveEntry(join(from, name), join(to, name));
  renameSync(join(from, '.git'), join(to, '.git'));
}

function moveEntry(from: string, to: string): void {
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (there?.isDirectory() === true && lstatSync(from).isDirectory()) {
    for (const name of readdirSync(from)) moveEntry(join(from, name), join(to, name));
    rmdirSync(from);
    return;
  }
  if (there !== undefined) rmSync(to, { recursive: true, force: true });
  renameSync(from, to);
}

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HOST_DIRECTORIES } from './host-path.ts';
import { SandboxFailedError } from './sandbox-failed-error.ts';

/** Where the host has a program; `undefined` where it has not. */
export function findHostProgram(name: string): string | undefined {
  return HOST_DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => existsSync(path));
}

/** @throws {SandboxFailedError} naming the package to install. */
export function hostProgram(name: string, packageName: 'coreutils' | 'util-linux'): string {
  const path = findHostProgram(name);
  if (path !== undefined) return path;
  throw new SandboxFailedError(`There is no program ${name} on this host`, { hint: `Install ${packageName}.` });
}

/** Where this program's own image keeps programs that an empty root file system has not. */
export const ownProgramDirectory = (): string => dirname(process.execPath);

/** The host's shell; else our own. */
export function hostShell(): string {
  return ['/bin/sh', join(ownProgramDirectory(), 'sh')].find((path) => existsSync(path)) ?? '/bin/sh';
}

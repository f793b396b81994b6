import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface MakeDirectoryOptions {
  /** Permission bits of what is made, parents too, without those of the umask. @default 0o777 */
  readonly mode?: number | undefined;
}

/**
 * Makes a directory and its parents; what is there already stays as it is. Unlike Node's `mkdir` with `recursive` it ends
 * where nothing can be made, as below `/proc`.
 */
export async function makeDirectory(path: string, options: MakeDirectoryOptions = {}): Promise<void> {
  if (await isDirectory(path)) return;
  try {
    await mkdir(path, options);
  } catch (error) {
    if (await isDirectory(path)) return; // made by another process meanwhile
    if (!lacksParent(error, path)) throw error;
    await makeDirectory(dirname(path), options);
    await mkdir(path, options).catch(async (again: unknown) => {
      if (!(await isDirectory(path))) throw again;
    });
  }
}

/** Does the same at once. */
export function makeDirectorySync(path: string, options: MakeDirectoryOptions = {}): void {
  if (isDirectorySync(path)) return;
  try {
    mkdirSync(path, options);
  } catch (error) {
    if (isDirectorySync(path)) return;
    if (!lacksParent(error, path)) throw error;
    makeDirectorySync(dirname(path), options);
    try {
      mkdirSync(path, options);
    } catch (again) {
      if (!isDirectorySync(path)) throw again;
    }
  }
}

function lacksParent(error: unknown, path: string): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

function isDirectorySync(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

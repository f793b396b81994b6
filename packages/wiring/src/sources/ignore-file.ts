import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ignoreRules } from '@shale/builder';

export interface IgnoreFileOptions {
  /** What errors call the file. */
  readonly name: string;
}

/** The rules of a directory's `.dockerignore`; none where there is no such file. @throws {LocatedError} */
export function readIgnoreFile(directory: string, { name }: IgnoreFileOptions): readonly string[] {
  const path = join(directory, '.dockerignore');
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? ignoreRules(readFileSync(path, 'utf8'), name) : [];
}
